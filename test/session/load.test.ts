import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Progress, readModel, Session, writeModel } from "../../src/index.ts";
import type { SessionOptions } from "../../src/options.ts";
import { optimize } from "../../src/passes/index.ts";
import { failure } from "./failure.ts";
import { expectLogits, goldenBytes, goldenImage, goldenLogits, goldenPath } from "./golden.ts";

describe("loading", () => {
  const dir = mkdtempSync(join(tmpdir(), "swivel session "));
  let server: Server;
  let base = "";

  beforeAll(async () => {
    const bytes = goldenBytes();
    server = createServer((request, response) => {
      if (request.url === "/model") response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
      else if (request.url === "/chunked") response.write(bytes.subarray(0, 1000), () => response.end(bytes.subarray(1000)));
      else if (request.url === "/page") response.writeHead(200, { "Content-Type": "text/html" }).end("<!DOCTYPE html><html></html>");
      else if (request.url === "/cut")
        response.writeHead(200, { "Content-Length": bytes.length }).write(bytes.subarray(0, 500), () => response.destroy());
      else if (request.url === "/slow") response.writeHead(200, { "Content-Length": bytes.length }).write(bytes.subarray(0, 500));
      else if (request.url === "/broken") response.writeHead(500, "Broken").end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true });
  });

  it("takes a path, a file URL, an address and bytes", async () => {
    const bytes = goldenBytes();
    const path = join(dir, "a model.safetensors");
    copyFileSync(goldenPath, path);
    const offset = new Uint8Array(bytes.length + 1);
    offset.set(bytes, 1);
    const sources = [
      path,
      pathToFileURL(path),
      pathToFileURL(path).href,
      `${base}/model`,
      new URL(`${base}/chunked`),
      bytes,
      bytes.buffer,
      offset.subarray(1),
      Buffer.from(bytes),
    ];
    for (const source of sources) {
      using session = await Session.load(source);
      expectLogits((await session.run({ image: goldenImage })).logits);
    }
  });

  it("knows what the model file says", async () => {
    using session = await Session.load(goldenPath);
    expect(session.inputs).toEqual([{ name: "image", dtype: "f32", shape: ["N", 3, 8, 8] }]);
    expect(session.outputs).toEqual([{ name: "logits", dtype: "f32", shape: ["N", 4] }]);
    expect(session.classNames?.[3]).toBe("Stern ☆");
    expect(session.preprocess?.order).toBe("RGB");
    expect(session.info).toHaveProperty("purpose");
  });

  it("reports progress, and the total where the server says it", async () => {
    const size = goldenBytes().length;
    for (const [path, total] of [
      ["model", size],
      ["chunked", undefined],
    ] as const) {
      const seen: Progress[] = [];
      (await Session.load(`${base}/${path}`, { onProgress: (progress) => seen.push(progress) })).dispose();
      expect(seen[0]).toEqual({ phase: "read", loaded: 0, total });
      expect(seen.at(-1)).toEqual({ phase: "read", loaded: size, total });
      expect(seen.every(({ loaded }, i) => i === 0 || loaded > (seen[i - 1]?.loaded ?? 0))).toBe(true);
    }
  });

  it.each([
    ["a path that does not exist", () => join(dir, "nothing.safetensors"), /^E_NOT_FOUND .*nothing.safetensors/],
    ["a folder", () => dir, /^E_NOT_FOUND .*swivel session/],
    ["an address that answers 404", () => `${base}/nothing`, /^E_NOT_FOUND .*404/],
    ["an address that answers 500", () => `${base}/broken`, /^E_IO .*500 Broken/],
    ["a port where nobody listens", () => "http://127.0.0.1:1/model", /^E_OFFLINE .*127.0.0.1:1/],
    ["a connection that breaks off", () => `${base}/cut`, /^E_IO .*broke off after 500 bytes/],
    ["a web page", () => `${base}/page`, /^E_TOO_LARGE .*web page/],
    ["bytes of something else", () => new Uint8Array(100), /^E_FORMAT/],
    ["nothing", () => undefined as never, /^E_INPUT the model's source is Undefined/],
    ["a number", () => 7 as never, /^E_INPUT the model's source is Number/],
    ["half a file", () => goldenBytes().subarray(0, 4000), /^E_TRUNCATED/],
  ])("says what is wrong with %s", async (_, source, message) => {
    expect(await failure(Session.load(source()))).toMatch(message);
  });

  it("lets errors of the progress function through", async () => {
    const onProgress = () => {
      throw new RangeError("of my own");
    };
    await expect(Session.load(`${base}/model`, { onProgress })).rejects.toThrow(RangeError);
  });

  it("stops where its signal fires: before, and during the download", async () => {
    expect(await failure(Session.load(goldenPath, { signal: AbortSignal.abort() }))).toMatch(/^E_ABORTED loading/);
    const controller = new AbortController();
    const loading = Session.load(`${base}/slow`, {
      signal: controller.signal,
      onProgress: ({ loaded }) => loaded >= 500 && controller.abort(),
    });
    expect(await failure(loading)).toMatch(/^E_ABORTED loading/);
  });

  const options: [string, object, RegExp][] = [
    ["an unknown option", { thread: 2 }, /^E_OPTION Session.load has no option "thread"; it has .*threads/],
    ["an unknown backend", { backend: "cuda" }, /^E_OPTION backend is cuda; expected auto, webgpu, wasm/],
    ["zero threads", { threads: 0 }, /^E_OPTION threads is 0/],
    ["half a thread", { threads: 1.5 }, /^E_OPTION threads is 1.5/],
    ["threads in words", { threads: "two" }, /^E_OPTION threads is two/],
    ["an unknown SIMD level", { simd: "avx" }, /^E_OPTION simd is avx; expected auto, relaxed, baseline/],
    ["an unknown precision", { precision: "f64" }, /^E_OPTION precision is f64/],
    ["a worker by name", { worker: "yes" }, /^E_OPTION worker is yes/],
    ["a relative wasmUrl where there is no page", { wasmUrl: "wasm/" }, /^E_OPTION wasmUrl is wasm\//],
    ["progress to nowhere", { onProgress: true }, /^E_OPTION onProgress/],
    ["a signal that is none", { signal: {} }, /^E_OPTION signal/],
    ["a fallback to nowhere", { onFallback: "wasm" }, /^E_OPTION onFallback is no function/],
    ["no object", "wasm" as never, /^E_OPTION/],
    ["a device by name", { device: "gpu" }, /^E_OPTION device is no GPUDevice/],
    [
      "a device in a worker",
      { device: { createComputePipelineAsync() {} }, worker: true },
      /^E_OPTION a GPUDevice cannot go into a worker/,
    ],
    ["a device for Wasm", { device: { createComputePipelineAsync() {} }, backend: "wasm" }, /^E_OPTION backend "wasm" uses no GPUDevice/],
  ];
  it.each(options)("refuses %s", async (_, wrong, message) => {
    expect(await failure(Session.load(goldenPath, wrong as SessionOptions))).toMatch(message);
  });

  it("reads a checkpoint like any model, and half floats", async () => {
    const model = readModel(goldenBytes());
    const training = { tensors: { "sgd.velocity": { shape: [3], data: new Float32Array(3) } }, metadata: { recipe: "{}" } };
    using checkpoint = await Session.load(writeModel({ ...model, training }));
    expectLogits((await checkpoint.run({ image: goldenImage })).logits);
    using half = await Session.load(writeModel(model, { floats: "F16" }));
    const { logits } = await half.run({ image: goldenImage });
    goldenLogits.forEach((value, i) => void expect(logits?.[i]).toBeCloseTo(value, 1));
  });

  it("reads a packed model: one that was folded and fused before it was written", async () => {
    const model = readModel(goldenBytes());
    using packed = await Session.load(writeModel({ ...model, ...optimize(model.graph, model.tensors) }));
    expectLogits((await packed.run({ image: goldenImage })).logits);
    expect(packed.explain().steps).toBe(4);
  });

  it("is disposed of by `using`, and twice does no harm", async () => {
    const path = join(dir, "b.safetensors");
    writeFileSync(path, goldenBytes());
    let kept: Session;
    {
      using session = await Session.load(path);
      kept = session;
      await session.warmup();
    }
    kept.dispose();
    expect(await failure(kept.run({ image: goldenImage }))).toMatch(/^E_DISPOSED/);
    expect(await failure(kept.profile({ image: goldenImage }))).toMatch(/^E_DISPOSED/);
    expect(await failure(kept.warmup())).toMatch(/^E_DISPOSED/);
    expect(() => kept.explain()).toThrow(/^E_DISPOSED/);
    expect(kept.classNames).toHaveLength(4);
  });
});
