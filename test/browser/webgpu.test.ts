/** Sessions on WebGPU in real Chromium, on the software adapter that it brings; and in a Chromium that has none. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Explanation, Progress } from "../../src/index.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { bundleRuntime } from "../session/bundle.ts";
import { tinyModel, tinyOutputs } from "../session/tiny.ts";
import type {} from "./page.ts";

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "gpu-page-"));
const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="page.js"></script>';
const image = Array.from({ length: 64 }, (_, i) => (i % 13) / 6 - 1);
let server: Server;
let withGpu: Browser;
let without: Browser;
/** Files of the bundle that hold shaders. */
let shaderFiles: string[] = [];

beforeAll(async () => {
  await bundleRuntime(dir, "test/browser/page.ts");
  writeFileSync(join(dir, "tiny.safetensors"), tinyModel());
  shaderFiles = readdirSync(dir).filter((name) => name.endsWith(".js") && readFileSync(join(dir, name), "utf8").includes("@compute"));
  server = await serve(dir, { isolated: false, pages: { "/index.html": html } });
  [withGpu, without] = await Promise.all([launchChromium({ webgpu: true }), launchChromium()]);
});
afterAll(async () => {
  await withGpu?.close();
  await without?.close();
  await server?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A fresh page; its errors fail the test. */
async function withPage<T>(browser: Browser, use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    await page.goto(`${server.url}/`);
    await page.waitForFunction(() => window.tools !== undefined);
    const result = await use(page);
    expect(errors).toEqual([]);
    return result;
  } finally {
    await page.close();
  }
}

function expectTiny(mean: readonly number[]): void {
  const wanted = tinyOutputs(Float32Array.from(image));
  expect(mean).toHaveLength(wanted.length);
  wanted.forEach((value, i) => void expect(Math.abs((mean[i] ?? Number.NaN) - value)).toBeLessThan(1e-5));
}

/** Loads, runs, explains, profiles and disposes, with these options. */
const use = (page: Page, options: Parameters<typeof window.tools.Session.load>[1]) =>
  page.evaluate(
    async ([numbers, options]) => {
      const progress: Progress[] = [];
      const session = await window.tools.Session.load("tiny.safetensors", { ...options, onProgress: (event) => progress.push(event) });
      await session.warmup();
      const runs = await Promise.all(Array.from({ length: 8 }, () => session.run({ image: Float32Array.from(numbers) })));
      const nodes = (await session.profile({ image: Float32Array.from(numbers) })).length;
      const explanation = session.explain();
      session.dispose();
      return { means: runs.map(({ mean }) => [...(mean ?? [])]), nodes, explanation, progress };
    },
    [image, options] as const,
  );

describe.each([false, true])("with an adapter, worker: %s", (worker) => {
  it("runs on it where it is asked for", async () => {
    const { means, nodes, explanation, progress } = await withPage(withGpu, (page) => use(page, { backend: "webgpu", worker }));
    for (const mean of means) expectTiny(mean);
    expect(nodes).toBe(3);
    expect(explanation).toMatchObject({ backend: "webgpu", why: "WebGPU was asked for", precision: "f32", steps: 3 });
    expect(explanation.adapter).toMatch(/swiftshader/i);
    expect(progress.at(-1)).toMatchObject({ phase: "compile", pipelines: { done: 3, total: 3 } });
  });

  it("takes Wasm in auto, since the CPU computes that adapter", async () => {
    const { means, explanation, progress } = await withPage(withGpu, (page) => use(page, { worker }));
    for (const mean of means) expectTiny(mean);
    expect(explanation).toMatchObject({ backend: "wasm", why: expect.stringMatching(/^the WebGPU adapter is computed by the CPU/) });
    expect(progress.every(({ phase }) => phase === "read")).toBe(true);
  });

  it("runs in f32 where the adapter has no half floats, or says that it runs in f16", async () => {
    const { explanation } = await withPage(withGpu, (page) => use(page, { backend: "webgpu", precision: "f16", worker }));
    const { precision, precisionWhy } = explanation;
    if (precision === "f16") expect(precisionWhy).toBeUndefined();
    else expect(precisionWhy).toMatch(/has no feature shader-f16$/);
  });
});

describe.each([false, true])("without WebGPU, worker: %s", (worker) => {
  it("takes Wasm in auto, says why, and never loads the shaders", async () => {
    const fetched: string[] = [];
    const { means, explanation } = await withPage(without, (page) => {
      page.on("request", (request) => fetched.push(new URL(request.url()).pathname.slice(1)));
      page.on("worker", (script) => fetched.push(new URL(script.url()).pathname.slice(1)));
      return use(page, { worker });
    });
    for (const mean of means) expectTiny(mean);
    expect(explanation).toMatchObject({ backend: "wasm", why: expect.stringMatching(/WebGPU/) });
    expect(shaderFiles.length).toBeGreaterThan(0);
    expect(fetched.filter((name) => shaderFiles.includes(name))).toEqual([]);
  });

  it("throws E_ADAPTER where WebGPU is asked for", async () => {
    const message = await withPage(without, (page) =>
      page.evaluate(
        (worker) => window.tools.Session.load("tiny.safetensors", { backend: "webgpu", worker }).then(String, (e: Error) => e.message),
        worker,
      ),
    );
    expect(message).toMatch(/^E_ADAPTER .*WebGPU.*; .* or take the backend wasm$/);
  });
});

describe("a device that is destroyed in the page", () => {
  it.each(["the app's", "the session's own"])("while runs are on: all complete: %s", async (whose) => {
    const result = await withPage(withGpu, (page) =>
      page.evaluate(
        async ([numbers, shared]) => {
          const { requestDevice } = GPUAdapter.prototype;
          const devices: GPUDevice[] = [];
          GPUAdapter.prototype.requestDevice = async function (descriptor) {
            const device = await requestDevice.call(this, descriptor);
            devices.push(device);
            return device;
          };
          const own = shared ? await (await navigator.gpu.requestAdapter())?.requestDevice() : undefined;
          const told: Explanation[] = [];
          const session = await window.tools.Session.load("tiny.safetensors", {
            backend: "webgpu",
            ...(own && { device: own }),
            onFallback: (explanation) => told.push(explanation),
          });
          const runs = Array.from({ length: 20 }, async (_, i) => {
            const { mean } = await session.run({ image: Float32Array.from(numbers) });
            if (i === 2) devices[0]?.destroy();
            return [...(mean ?? [])];
          });
          const means = await Promise.all(runs);
          const explanation = session.explain();
          session.dispose();
          return { means, told, explanation, devices: devices.length };
        },
        [image, whose === "the app's"] as const,
      ),
    );
    for (const mean of result.means) expectTiny(mean);
    expect(result.devices).toBe(2);
    expect(result.told).toEqual([expect.objectContaining({ backend: "webgpu" })]);
    expect(result.explanation.why).toBe("the GPU device was lost (it was destroyed), and this is a new one");
  });
});

describe.each([false, true])("when the browser's GPU process crashes, twice, worker: %s", (worker) => {
  it("runs go on, and the session says where", async () => {
    const browser = await launchChromium({ webgpu: true });
    try {
      const result = await withPage(browser, async (page) => {
        await page.evaluate(
          async ([numbers, worker]) => {
            const told: Explanation[] = [];
            const onFallback = (explanation: Explanation) => void told.push(explanation);
            const session = await window.tools.Session.load("tiny.safetensors", { backend: "webgpu", worker, onFallback });
            const loop = { stop: false, runs: [] as number[][] };
            const image = Float32Array.from(numbers);
            const run = async () => void loop.runs.push([...((await session.run({ image })).mean ?? [])]);
            const running = (async () => {
              // runs on Wasm alone would never let the page have its turn
              for (; !loop.stop; await new Promise((resolve) => setTimeout(resolve))) await run();
            })();
            const finish = async () => {
              loop.stop = true;
              await running;
              await run();
              return { told, runs: loop.runs.slice(-20), explanation: session.explain() };
            };
            Object.assign(window, { told, finish });
          },
          [image, worker] as const,
        );
        const devtools = await browser.newBrowserCDPSession();
        for (let crash = 1; crash <= 2; crash++) {
          await devtools.send("Browser.crashGpuProcess");
          await page.waitForFunction((count) => {
            const { told } = window as unknown as { told: Explanation[] };
            return told.length >= count || told.at(-1)?.backend === "wasm";
          }, crash);
        }
        return page.evaluate(() =>
          (window as unknown as { finish(): Promise<{ told: Explanation[]; runs: number[][]; explanation: Explanation }> }).finish(),
        );
      });
      for (const mean of result.runs) expectTiny(mean);
      expect(result.explanation.why).toMatch(/^the GPU device was lost \(/);
      expect(result.told.at(-1)?.why).toBe(result.explanation.why);
    } finally {
      await browser.close();
    }
  });
});

it("2,000 runs leave no buffer and no memory behind", async () => {
  const result = await withPage(withGpu, async (page) => {
    await page.evaluate(async () => {
      let live = 0;
      const { createBuffer } = GPUDevice.prototype;
      const { destroy } = GPUBuffer.prototype;
      GPUDevice.prototype.createBuffer = function (descriptor) {
        live++;
        return createBuffer.call(this, descriptor);
      };
      GPUBuffer.prototype.destroy = function () {
        live--;
        return destroy.call(this);
      };
      const session = await window.tools.Session.load("tiny.safetensors", { backend: "webgpu" });
      const input = new Float32Array(32).fill(0.5);
      const many = async (count: number) => {
        for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, () => session.run({ image: input })));
        return live;
      };
      Object.assign(window, { many });
    });
    const client = await page.context().newCDPSession(page);
    const held = async () => {
      await client.send("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize = 0 } = (await client.send("Runtime.getHeapUsage")) as {
        usedSize: number;
        backingStorageSize?: number;
      };
      return usedSize + backingStorageSize;
    };
    const many = (count: number) =>
      page.evaluate((count) => (window as unknown as { many(count: number): Promise<number> }).many(count), count);
    const buffers = await many(300);
    const before = await held();
    return { buffers, after: await many(2000), grown: (await held()) - before };
  });
  expect(result.after).toBeLessThanOrEqual(result.buffers);
  expect(result.grown).toBeLessThan(1_000_000);
});
