/** Sessions on WebGPU in a worker, in Node: a device of the worker's own, and an end that takes nothing down with it. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type * as swivel from "../../src/index.ts";
import { root } from "../../tools/entries.ts";
import { describeWithAdapter } from "../backends/adapter.ts";
import { bundleRuntime } from "./bundle.ts";
import { tinyModel, tinyOutputs } from "./tiny.ts";

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "runtime-"));
const image = new Float32Array(64).map((_, i) => (i % 11) / 5 - 1);
const options = { backend: "webgpu", worker: true } as const;
let Session: typeof swivel.Session;

await describeWithAdapter("swiftshader", () => {
  beforeAll(async () => {
    await bundleRuntime(dir);
    writeFileSync(join(dir, "tiny.safetensors"), tinyModel());
    ({ Session } = (await import(/* @vite-ignore */ pathToFileURL(join(dir, "index.js")).href)) as typeof swivel);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it("runs, explains and tells of pipelines as a session in the page does", async () => {
    const phases: string[] = [];
    using session = await Session.load(tinyModel(), { ...options, precision: "f16", onProgress: ({ phase }) => phases.push(phase) });
    const runs = await Promise.all(Array.from({ length: 10 }, () => session.run({ image })));
    for (const { mean } of runs) tinyOutputs(image).forEach((value, i) => void expect(mean?.[i]).toBeCloseTo(value, 2));
    expect(session.explain()).toMatchObject({
      backend: "webgpu",
      why: "WebGPU was asked for",
      adapter: expect.stringMatching(/SwiftShader/),
    });
    expect(phases).toEqual(["compile", "compile", "compile"]);
    expect(await session.profile({ image })).toHaveLength(3);
    await session.warmup();
  });

  it("is aborted while it loads, and disposed of while it runs", async () => {
    const controller = new AbortController();
    const loading = Session.load(tinyModel(), { ...options, signal: controller.signal, onProgress: () => controller.abort() });
    expect(await loading.catch((error: Error) => error.message)).toMatch(/^E_ABORTED loading/);
    const session = await Session.load(tinyModel(), options);
    const runs = Array.from({ length: 5 }, () => session.run({ image }).catch((error: Error) => error.message));
    session.dispose();
    for (const message of await Promise.all(runs)) expect(message).toMatch(/^E_DISPOSED/);
  });

  it("lets errors of the progress function through", async () => {
    const onProgress = () => {
      throw new RangeError("of my own");
    };
    await expect(Session.load(tinyModel(), { ...options, onProgress })).rejects.toThrow(RangeError);
  });

  it.each(["idle", "running", "disposed of while it runs"])("lets the process end when it is %s", async (how) => {
    const script = `
      import { Session } from ${JSON.stringify(pathToFileURL(join(dir, "index.js")).href)};
      for (const worker of [true, false]) {
        const session = await Session.load(${JSON.stringify(join(dir, "tiny.safetensors"))}, { backend: "webgpu", worker });
        const { mean } = await session.run({ image: new Float32Array(32) });
        if (${how !== "idle"}) session.run({ image: new Float32Array(32) }).catch(() => {});
        if (${how.startsWith("disposed")}) session.dispose();
        console.log(mean.length);
      }`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 50_000 });
    expect(stdout).toBe("2\n2\n");
  });
});
