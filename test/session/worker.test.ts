import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type * as swivel from "../../src/index.ts";
import { root } from "../../tools/entries.ts";
import { bundleRuntime } from "./bundle.ts";
import { expectLogits, goldenBytes, goldenImage, goldenLogits, goldenPath } from "./golden.ts";

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "runtime-"));
let Session: typeof swivel.Session;
let InputError: typeof swivel.InputError;
let session: swivel.Session;

beforeAll(async () => {
  await bundleRuntime(dir);
  ({ Session, InputError } = (await import(/* @vite-ignore */ pathToFileURL(join(dir, "index.js")).href)) as typeof swivel);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(async () => {
  session = await Session.load(goldenPath, { backend: "wasm", worker: true });
});
afterEach(() => session.dispose());

const messageOf = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.message);

describe("a session in a worker, in Node", () => {
  it("runs numbers and pictures, and leaves the caller's arrays alone", async () => {
    expectLogits((await session.run({ image: goldenImage })).logits);
    expect(goldenImage.length).toBe(384);
    const picture = { width: 20, height: 20, data: Buffer.alloc(1600, 77) };
    const { logits } = await session.run({ image: [picture, picture] });
    expect(logits).toHaveLength(8);
    expect(picture.data).toHaveLength(1600);
    using local = await Session.load(goldenPath);
    expectLogits((await local.run({ image: [picture, picture] })).logits, [...(logits ?? [])]);
  });

  it("takes the model's bytes without taking them away", async () => {
    const bytes = goldenBytes();
    using other = await Session.load(Buffer.from(bytes.buffer), { worker: true, threads: 1 });
    expect(bytes.length).toBeGreaterThan(8000);
    expectLogits((await other.run({ image: goldenImage })).logits);
  });

  it("knows and explains what a session in the page does", async () => {
    expect(session.classNames).toHaveLength(4);
    expect(session.inputs[0]?.shape).toEqual(["N", 3, 8, 8]);
    await session.run({ image: goldenImage });
    expect(session.explain()).toMatchObject({ backend: "wasm", macs: 23_360, steps: 4 });
    expect(await session.profile({ image: goldenImage })).toHaveLength(5);
    await session.warmup();
  });

  it("queues overlapping runs", async () => {
    const runs = Array.from({ length: 20 }, (_, i) => session.run({ image: goldenImage.subarray(192 * (i % 2), 192 * (i % 2) + 192) }));
    for (const [i, { logits }] of (await Promise.all(runs)).entries())
      expectLogits(logits, goldenLogits.slice(4 * (i % 2), 4 * (i % 2) + 4));
  });

  it("throws the errors of a session in the page", async () => {
    const error = await session.run({ image: new Float32Array(5) }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(/^E_INPUT input "image" has 5 elements/);
    expect(await messageOf(session.run({ image: new Float64Array(192) as never }))).toMatch(/^E_INPUT .*Float64Array/);
    expect(await messageOf(Session.load(goldenBytes().subarray(0, 3000), { worker: true }))).toMatch(/^E_TRUNCATED/);
    expectLogits((await session.run({ image: goldenImage })).logits);
  });

  it("aborts a run, and goes on with the next", async () => {
    const controller = new AbortController();
    const doomed = session.run({ image: goldenImage }, { signal: controller.signal });
    const next = session.run({ image: goldenImage });
    controller.abort();
    expect(await messageOf(doomed)).toMatch(/^E_ABORTED/);
    expect(await messageOf(session.run({ image: goldenImage }, { signal: AbortSignal.abort() }))).toMatch(/^E_ABORTED/);
    expectLogits((await next).logits);
  });

  it("ends what waits when it is disposed", async () => {
    const run = session.run({ image: goldenImage });
    session.dispose();
    expect(await messageOf(run)).toMatch(/^E_DISPOSED/);
    expect(await messageOf(session.run({ image: goldenImage }))).toMatch(/^E_DISPOSED/);
  });

  it("does not keep the process alive when it is idle, with or without threads", async () => {
    const script = `
      import { Session } from ${JSON.stringify(pathToFileURL(join(dir, "index.js")).href)};
      for (const worker of [true, false]) {
        const session = await Session.load(${JSON.stringify(goldenPath)}, { worker, threads: 2 });
        const { logits } = await session.run({ image: new Float32Array(192) });
        console.log(logits.length);
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 30_000 });
    expect(stdout).toBe("4\n4\n");
  });
});
