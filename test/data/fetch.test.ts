import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { type FetchProgress, fetchDataset } from "../../training/data/fetch.ts";
import { KNOWN, type KnownName, type KnownSet, type RemoteFile } from "../../training/data/known.ts";
import { openDataset } from "../../training/data/open.ts";
import { readTar } from "../../training/data/tar.ts";
import { expectError, folderOf, idxSet, noise } from "./helpers.ts";

let server: Server;
let base = "";
let closedPort = 0; // nobody listens there
let answer: RequestListener = () => {};
let requests: string[] = [];

beforeAll(async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  closedPort = (probe.address() as AddressInfo).port;
  await new Promise((resolve) => probe.close(resolve));
  server = createServer((request, response) => {
    requests.push(request.url!);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

/** Serves these files, and describes them as a source. */
function serve(files: Record<string, Uint8Array>, more: Partial<RemoteFile> = {}): KnownSet {
  answer = (request, response) => {
    const bytes = files[request.url!.slice(1)];
    response.writeHead(bytes ? 200 : 404);
    response.end(bytes);
  };
  return {
    title: "test",
    files: Object.entries(files).map(([name, bytes]) => ({ url: `${base}/${name}`, bytes: bytes.length, md5: md5(bytes), ...more })),
  };
}

/** A member of a tar archive, in the ustar form. */
function member(path: string, content: Uint8Array, kind = "0"): Uint8Array {
  const block = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at);
  put(path, 0);
  put("0000644\0", 100);
  put(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  put("        ", 148);
  put(kind, 156);
  put("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  block.set(content, 512);
  return block;
}

const tar = (...members: Uint8Array[]) => Buffer.concat([...members, new Uint8Array(1024)]);
const cifarRecord = (labels: number[], seed: number) => Uint8Array.from([...labels, ...noise(3072, seed)]);

describe("fetchDataset", () => {
  const zipped = Object.fromEntries(Object.entries(idxSet([0, 1, 0, 1], [1])).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]));

  it("downloads, checks, and leaves a folder that opens", async () => {
    const dir = join(folderOf(), "new", "mnist");
    const progress: FetchProgress[] = [];
    const source = { ...serve(zipped), classNames: ["cat", "dog"] };
    const names = await fetchDataset("mnist", dir, { source, onProgress: (step) => progress.push(step) });
    expect(names).toEqual([...Object.keys(zipped), "classes.txt"]);
    expect(readdirSync(dir).sort()).toEqual([...names].sort());
    for (const [name, bytes] of Object.entries(zipped)) expect(readFileSync(join(dir, name)).equals(bytes)).toBe(true);
    expect((await openDataset(dir)).classNames).toEqual(["cat", "dog"]);
    const total = Object.values(zipped).reduce((sum, bytes) => sum + bytes.length, 0);
    expect(progress.at(-1)).toEqual({ file: "t10k-labels-idx1-ubyte.gz", received: total, total });
    expect(progress.map((step) => step.received)).toEqual(progress.map((step) => step.received).sort((a, b) => a - b));

    requests = [];
    await fetchDataset("mnist", dir, { source });
    expect(requests).toEqual([]); // all there: nothing is asked for again
  });

  it("unpacks the wanted members of a tar.gz, wherever they lie in it", async () => {
    const files = {
      "data_batch_1.bin": Buffer.concat([cifarRecord([0], 1), cifarRecord([1], 2), cifarRecord([0], 3)]),
      "test_batch.bin": cifarRecord([1], 4),
      "batches.meta.txt": new TextEncoder().encode(Array.from({ length: 10 }, (_, i) => `name ${i}\n`).join("")),
    };
    const folder = member("cifar-10-batches-bin/", new Uint8Array(), "5");
    const extra = member("cifar-10-batches-bin/readme.html", noise(700));
    const archive = gzipSync(
      tar(folder, extra, ...Object.entries(files).map(([name, bytes]) => member(`cifar-10-batches-bin/${name}`, bytes))),
    );
    const dir = folderOf();
    await fetchDataset("cifar-10", dir, { source: serve({ "cifar.tar.gz": archive }, { members: Object.keys(files) }) });
    expect(readdirSync(dir).sort()).toEqual(Object.keys(files).sort());
    for (const [name, bytes] of Object.entries(files)) expect(readFileSync(join(dir, name)).equals(bytes), name).toBe(true);
    expect((await openDataset(dir)).test.images).toEqual(noise(3072, 4));
  });

  const whole = gzipSync(noise(100_000));
  const archive = (...members: Uint8Array[]) => serve({ "a.tar.gz": gzipSync(tar(...members)) }, { members: ["wanted.bin"] });
  const failing: [string, () => KnownSet, ErrorCode, ...string[]][] = [
    ["a wrong checksum", () => serve({ "a.gz": whole }, { md5: md5(noise(3)) }), "E_CHECKSUM", md5(whole), md5(noise(3)), "a.gz"],
    [
      "a file shorter than published",
      () => serve({ "a.gz": whole }, { bytes: whole.length + 1 }),
      "E_TRUNCATED",
      `${whole.length} of ${whole.length + 1}`,
    ],
    [
      "a file longer than published",
      () => serve({ "a.gz": whole }, { bytes: whole.length - 1 }),
      "E_TOO_LARGE",
      `${whole.length - 1} bytes`,
    ],
    ["a 404", () => ({ ...serve({}), files: [{ url: `${base}/gone.gz`, bytes: 1, md5: "" }] }), "E_NOT_FOUND", "gone.gz", "404"],
    [
      "a 503",
      () => {
        const source = serve({ "a.gz": whole });
        answer = (_, response) => response.writeHead(503).end("busy");
        return source;
      },
      "E_IO",
      "503",
      "later",
    ],
    [
      "a connection cut half way",
      () => {
        const source = serve({ "a.gz": whole });
        answer = (_, response) => {
          response.writeHead(200, { "content-length": whole.length });
          response.write(whole.subarray(0, 5_000), () => setTimeout(() => response.destroy(), 50));
        };
        return source;
      },
      "E_TRUNCATED",
      `of ${whole.length} bytes`,
      "try again",
    ],
    [
      "no connection",
      () => ({ title: "", files: [{ url: `http://127.0.0.1:${closedPort}/a.gz`, bytes: 1, md5: "" }] }),
      "E_OFFLINE",
      "/a.gz",
      "ECONNREFUSED",
      "Check the connection",
      "put it",
    ],
    ["an archive that lacks a file", () => archive(member("x/other.bin", noise(5))), "E_NOT_FOUND", "wanted.bin"],
    ["an archive that writes outside", () => archive(member("../../wanted.bin", noise(5))), "E_FORMAT", "../../wanted.bin", "hostile"],
    ["an archive that writes to the root", () => archive(member("/etc/wanted.bin", noise(5))), "E_FORMAT", "/etc/wanted.bin"],
    ["a link in place of a file", () => archive(member("x/wanted.bin", new Uint8Array(), "2")), "E_NOT_FOUND", "wanted.bin"],
    [
      "an archive that ends early",
      () => serve({ "a.tar.gz": gzipSync(member("x/wanted.bin", noise(900)).subarray(0, 800)) }, { members: ["wanted.bin"] }),
      "E_TRUNCATED",
      "a.tar.gz",
    ],
    ["an archive that is none", () => serve({ "a.tar.gz": gzipSync(noise(2000)) }, { members: ["wanted.bin"] }), "E_FORMAT", "a.tar.gz"],
    ["an archive that is not gzipped", () => serve({ "a.tar.gz": noise(2000) }, { members: ["wanted.bin"] }), "E_FORMAT", "a.tar.gz"],
  ];
  it.each(failing)("leaves nothing behind after %s", async (_, source, code, ...words) => {
    const dir = folderOf({ "mine.txt": "kept" });
    await expectError(() => fetchDataset("mnist", dir, { source: source() }), code, ...words);
    expect(readdirSync(dir)).toEqual(["mine.txt"]);
  });

  it("keeps no file of a set of which one fails", async () => {
    const dir = folderOf();
    const source = serve(zipped);
    const bad = { ...source, files: source.files.map((file, i) => (i === 3 ? { ...file, md5: md5(noise(1)) } : file)) };
    await expectError(() => fetchDataset("mnist", dir, { source: bad }), "E_CHECKSUM");
    expect(requests).toHaveLength(4);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("stops at a signal, before and during the download", async () => {
    const dir = folderOf();
    const source = serve({ "a.gz": whole });
    answer = (_, response) => {
      response.writeHead(200);
      response.write(whole.subarray(0, 1000)); // and then nothing more
    };
    const stop = new AbortController();
    await expectError(
      () => fetchDataset("mnist", dir, { source, signal: stop.signal, onProgress: () => stop.abort() }),
      "E_ABORTED",
      "downloading",
    );
    requests = [];
    await expectError(() => fetchDataset("mnist", dir, { source, signal: stop.signal }), "E_ABORTED");
    expect(requests).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("gives up on a server that says nothing, or nothing more", async () => {
    const dir = folderOf();
    const source = serve({ "a.gz": whole });
    answer = () => {};
    await expectError(() => fetchDataset("mnist", dir, { source, stallMs: 100 }), "E_OFFLINE", "no answer in 0.1 s");
    answer = (_, response) => {
      response.writeHead(200);
      response.write(whole.subarray(0, 1000));
    };
    await expectError(() => fetchDataset("mnist", dir, { source, stallMs: 100 }), "E_TRUNCATED", "broke after 1000 of");
    expect(readdirSync(dir)).toEqual([]);
  });

  it("names an unknown data set and a target that is no folder", async () => {
    await expectError(
      () => fetchDataset("imagenet" as KnownName, folderOf()),
      "E_OPTION",
      "imagenet",
      "mnist, fashion-mnist, cifar-10, cifar-100",
    );
    await expectError(() => fetchDataset("toString" as KnownName, folderOf()), "E_OPTION", "toString");
    const file = join(folderOf({ "a.txt": "x" }), "a.txt");
    await expectError(() => fetchDataset("mnist", file, { source: serve(zipped) }), "E_IO", "a.txt");
  });
});

describe("KNOWN", () => {
  it("has an address, a size and an MD5 for each file", () => {
    for (const set of Object.values(KNOWN)) {
      for (const file of set.files) {
        expect(file.url).toMatch(/^https?:\/\/[^?#]+\.gz$/);
        expect(file.md5).toMatch(/^[0-9a-f]{32}$/);
        expect(file.bytes).toBeGreaterThan(4000);
        expect(file.url.endsWith(".tar.gz")).toBe(file.members !== undefined);
      }
    }
  });
});

describe("readTar", () => {
  it("reads the same members however the stream is cut, empty ones and padded ones", async () => {
    const contents: Record<string, Uint8Array> = {
      "d/empty": new Uint8Array(),
      "d/block": noise(512, 1),
      "d/more": noise(513, 2),
      last: noise(3, 3),
    };
    const bytes = tar(...Object.entries(contents).map(([path, content]) => member(path, content)));
    for (const cut of [1, 7, 511, 512, 513, 100_000]) {
      const found: Record<string, number[]> = {};
      const ended: string[] = [];
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
      })();
      await readTar("x.tar", chunks, async ({ path }) => {
        found[path] = [];
        return { write: async (piece) => void found[path]!.push(...piece), end: async () => void ended.push(path) };
      });
      expect(found).toEqual(Object.fromEntries(Object.entries(contents).map(([path, content]) => [path, [...content]])));
      expect(ended).toEqual(Object.keys(contents));
    }
  });

  it("reads what the system's tar writes", async (context) => {
    const { spawnSync } = await import("node:child_process");
    const dir = folderOf();
    for (const [name, size] of [
      ["a.bin", 1000],
      ["b.bin", 512],
    ] as const)
      writeFileSync(join(dir, name), noise(size, size));
    const made = spawnSync("tar", ["-cf", "t.tar", "a.bin", "b.bin"], { cwd: dir });
    if (made.error) context.skip("there is no tar command here");
    expect(existsSync(join(dir, "t.tar"))).toBe(true);
    const chunks = (async function* () {
      yield readFileSync(join(dir, "t.tar"));
    })();
    const sizes: Record<string, number> = {};
    await readTar("t.tar", chunks, async ({ path, size }) => {
      sizes[path] = size;
      return undefined;
    });
    expect(sizes).toEqual({ "a.bin": 1000, "b.bin": 512 });
  });
});
