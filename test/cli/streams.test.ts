/** Pipes that close, disks that are full, networks that are down. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { KNOWN } from "../../training/data/known.ts";
import { idxFiles } from "./data.ts";
import { bytesOf, expectRefusal, folder, json, put, swivel } from "./run.ts";

const data = put("data", idxFiles({ train: 40, test: 8, classes: 2 }));
const train = (out: string): string[] => ["train", "--data", data, "--epochs", "3", "--out", out, "--threads", "1"];

beforeAll(() => json(["init", "--arch", "resnet20", "--out", "model.safetensors"]));

describe.skipIf(process.platform === "win32")("in a shell", () => {
  const through = (script: string) => ({ through: ["bash", "-c", `set -o pipefail; ${script}`, "bash"] });

  it("`swivel inspect … | head` ends quietly", async () => {
    const run = await swivel(["inspect", "model.safetensors", "--json"], through('"$@" | head -n 1'));
    expect(run).toEqual({ code: 0, stdout: "{\n", stderr: "" });
  });

  it("a reader of progress that goes away stops no training", async () => {
    const { code } = await swivel(train("unheard.safetensors"), through('"$@" 2> >(head -n 1 >&2)'));
    expect(code).toBe(0);
    expect(await json(["inspect", "unheard.safetensors"])).toMatchObject({ training: { epoch: 3 } });
  });

  it.skipIf(process.platform !== "linux")("a result that cannot be written is an error", async () => {
    const run = await swivel(["inspect", "model.safetensors"], through('"$@" > /dev/full'));
    expectRefusal(run, "E_IO", /stdout/);
  });

  it("no control sequences go where no terminal is", async () => {
    const { stdout, stderr } = await swivel(train("plain.safetensors"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe("swivel data fetch", () => {
  /** A process in which no name resolves. */
  const offline = {
    env: {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(
        "import dns from 'node:dns'; dns.lookup = (host, options, done) => done(Object.assign(new Error('no network'), { code: 'ENOTFOUND' }));",
      )}`,
    },
  };

  it("says that it is offline, and leaves nothing half", async () => {
    const run = await swivel(["data", "fetch", "mnist", "--out", "mnist"], offline);
    expectRefusal(run, "E_OFFLINE", /train-images-idx3-ubyte\.gz/, /ENOTFOUND/, /check the connection/i);
    expect(readdirSync(join(folder, "mnist"))).toEqual([]);
  });

  it("asks for nothing that is there already", async () => {
    const files = KNOWN.mnist.files.map(({ url }) => url.slice(url.lastIndexOf("/") + 1));
    const place = put("here", Object.fromEntries(files.map((name) => [name, new Uint8Array(1)])));
    expect(await json(["data", "fetch", "mnist", "--out", place], offline)).toEqual({ name: "mnist", folder: place, files });
    expect(bytesOf("here/train-labels-idx1-ubyte.gz")).toHaveLength(1);
  });
});
