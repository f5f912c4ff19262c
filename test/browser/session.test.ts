import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Session, writeModel } from "../../src/index.ts";
import { ops } from "../../src/ops/index.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { numbers } from "../../tools/make-golden.ts";
import { bundleRuntime } from "../session/bundle.ts";
import { expectLogits, goldenImage, goldenLogits, goldenPath } from "../session/golden.ts";
import type {} from "./page.ts";

mkdirSync(join(root, "build"), { recursive: true });
const dir = mkdtempSync(join(root, "build", "page-"));
const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="page.js"></script>';
/** As strict as a page can be that runs WebAssembly. */
const csp = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:; worker-src 'self'";
const kinds = {
  plain: { isolated: false },
  isolated: { isolated: true },
  strict: { isolated: false, headers: { "Content-Security-Policy": csp } },
};
type Kind = keyof typeof kinds;
const servers: Partial<Record<Kind, Server>> = {};
let browser: Browser;

beforeAll(async () => {
  await bundleRuntime(dir, "test/browser/page.ts");
  copyFileSync(goldenPath, join(dir, "model.safetensors"));
  const modules = join(root, "build", "wasm");
  mkdirSync(join(dir, "wasm"));
  for (const file of existsSync(modules) ? readdirSync(modules) : [])
    if (/^inference.*\.wasm$/.test(file)) copyFileSync(join(modules, file), join(dir, "wasm", file));
  for (const kind of Object.keys(kinds) as Kind[]) servers[kind] = await serve(dir, { ...kinds[kind], pages: { "/index.html": html } });
  const { encode } = await import("fast-png");
  writeFileSync(join(dir, "picture.png"), encode({ width: 8, height: 8, data: new Uint8Array(256).fill(200), channels: 4 }));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  for (const server of Object.values(servers)) await server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A fresh page on one of the servers; its errors fail the test. */
async function withPage<T>(kind: Kind, use: (page: Page) => Promise<T>): Promise<T> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  try {
    await page.goto(`${servers[kind]?.url}/`);
    await ready(page);
    const result = await use(page);
    expect(errors).toEqual([]);
    return result;
  } finally {
    await page.close();
  }
}

const image = [...goldenImage];

describe.each([
  { kind: "plain", worker: false, threads: 1, why: /not cross-origin isolated/ },
  { kind: "plain", worker: true, threads: 1, why: /not cross-origin isolated/ },
  { kind: "isolated", worker: false, threads: 1, why: /a window may not wait/ },
  { kind: "isolated", worker: true, threads: 1, why: /a run this small is over/ },
  { kind: "strict", worker: false, threads: 1, why: /not cross-origin isolated/ },
  { kind: "strict", worker: true, threads: 1, why: /not cross-origin isolated/ },
] as const)("a session in a $kind page, worker: $worker", ({ kind, worker, threads, why }) => {
  it("gives the golden model's logits for numbers, and says how", async () => {
    const result = await withPage(kind, (page) =>
      page.evaluate(
        async ([numbers, worker]) => {
          const progress: { loaded: number; total: number | undefined }[] = [];
          const session = await window.tools.Session.load("model.safetensors", { worker, threads: 2, onProgress: (p) => progress.push(p) });
          const input = Float32Array.from(numbers);
          const { logits } = await session.run({ image: input });
          const times = await session.profile({ image: input });
          const explanation = session.explain();
          const { classNames, preprocess } = session;
          session.dispose();
          const afterwards = await session.run({ image: input }).then(String, (error: Error) => error.message);
          return {
            logits: [...(logits ?? [])],
            kept: input.length,
            times: times.length,
            explanation,
            classNames,
            preprocess,
            progress,
            afterwards,
          };
        },
        [image, worker] as const,
      ),
    );
    expectLogits(result.logits);
    expect(result.kept).toBe(384);
    expect(result.explanation).toMatchObject({ backend: "wasm", simd: "relaxed", threads, steps: 4, macs: 23_360 });
    expect(result.explanation.threadsWhy).toMatch(why);
    expect(result.classNames?.[3]).toBe("Stern ☆");
    expect(result.preprocess?.mean).toEqual([0.485, 0.456, 0.406]);
    expect(result.progress.at(-1)?.loaded).toBe(result.progress.at(-1)?.total);
    expect(result.times).toBe(5);
    expect(result.afterwards).toMatch(/^E_DISPOSED/);
  });
});

describe("threads in a page's worker", () => {
  it("give the bits of one thread, and the reference's numbers", async () => {
    const net = new GraphBuilder(ops);
    const conv = (x: string, name: string, from: number, to: number) =>
      net.add("conv2d", name, { x, w: net.param(`${name}.weight`, [to, from, 3, 3]) }, { padding: [1, 1, 1, 1] });
    const hidden = net.add("relu", "relu", { x: conv(net.input("image", ["N", 3, 32, 32]), "conv1", 3, 16) });
    net.output(net.add("global_avg_pool", "mean", { x: conv(hidden, "conv2", 16, 32) }));
    const graph = net.build();
    const next = numbers(5);
    const tensors = { "conv1.weight": new Float32Array(16 * 27).map(next), "conv2.weight": new Float32Array(32 * 144).map(next) };
    writeFileSync(join(dir, "large.safetensors"), writeModel({ graph, tensors }));
    const input = new Float32Array(3 * 32 * 32).map(next);
    const reference = await new ReferenceBackend().compile(graph, { tensors });
    const wanted = reference.runExact({ image: input }).mean as Float64Array;

    const [one, four] = await withPage("isolated", (page) =>
      page.evaluate(
        async (input) => {
          const results: number[][] = [];
          for (const threads of [1, 4]) {
            const session = await window.tools.Session.load("large.safetensors", { worker: true, threads });
            if (session.explain().threads !== threads) throw new Error(session.explain().threadsWhy);
            for (let i = 0; i < 50; i++) await session.run({ image: Float32Array.from(input) });
            results.push([...((await session.run({ image: Float32Array.from(input) })).mean ?? [])]);
            session.dispose();
          }
          return results;
        },
        [...input],
      ),
    );
    expect(four).toEqual(one);
    wanted.forEach((value, i) => void expect(Math.abs((one?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-4));
  });
});

describe.each([false, true])("pictures in a page, worker: %s", (worker) => {
  it("of every kind give what their pixels give", async () => {
    const results = await withPage("plain", (page) =>
      page.evaluate(async (worker) => {
        const session = await window.tools.Session.load("model.safetensors", { worker });
        const logits: Record<string, number[]> = {};
        for (const size of [8, 31]) {
          const kinds = await window.tools.pictures(size, size);
          for (const [kind, picture] of Object.entries(kinds))
            logits[`${kind} ${size}`] = [...((await session.run({ image: picture })).logits ?? [])];
          logits[`all ${size}`] = [...((await session.run({ image: Object.values(kinds) })).logits ?? [])];
        }
        // older browsers have canvases in documents only
        const { imageBitmap } = await window.tools.pictures(31, 31);
        Reflect.deleteProperty(window, "OffscreenCanvas");
        logits["without OffscreenCanvas"] = [...((await session.run({ image: imageBitmap as ImageBitmap })).logits ?? [])];
        session.dispose();
        return logits;
      }, worker),
    );
    for (const size of [8, 31]) {
      const wanted = results[`pixels ${size}`] as number[];
      for (const kind of ["imageData", "canvas", "offscreenCanvas", "imageBitmap", "image", "videoFrame"])
        expectLogits(results[`${kind} ${size}`], wanted);
      expectLogits(results[`all ${size}`], Array.from({ length: 7 }, () => wanted).flat());
    }
    expectLogits(results["without OffscreenCanvas"], results["pixels 31"]);
    expect(results["pixels 8"]).not.toEqual(results["pixels 31"]);
  });

  it("from a video are its frame at this moment", async () => {
    const [shown, plain] = await withPage("plain", (page) =>
      page.evaluate(async (worker) => {
        const session = await window.tools.Session.load("model.safetensors", { worker });
        const shown = await session.run({ image: await window.tools.video("rgb(200, 40, 90)") });
        const data = new Uint8Array(256).map((_, i) => [200, 40, 90, 255][i % 4] ?? 0);
        const plain = await session.run({ image: { width: 8, height: 8, data } });
        session.dispose();
        return [[...(shown.logits ?? [])], [...(plain.logits ?? [])]];
      }, worker),
    );
    // a stream of a canvas is coded as brightness and colour, which moves each byte by a few steps
    plain?.forEach((value, i) => void expect(Math.abs((shown?.[i] ?? Number.NaN) - value)).toBeLessThan(0.2));
  });
});

describe("what goes wrong in a page", () => {
  const cases: [string, (page: Page) => Promise<string>, RegExp][] = [
    [
      "a missing file",
      (page) => page.evaluate(() => window.tools.Session.load("nothing.safetensors").then(String, (e: Error) => e.message)),
      /^E_NOT_FOUND nothing.safetensors answered 404/,
    ],
    [
      "a page instead of a model",
      (page) => page.evaluate(() => window.tools.Session.load("/").then(String, (e: Error) => e.message)),
      /^E_TOO_LARGE .*web page/,
    ],
    [
      "another origin without CORS",
      (page) =>
        page.evaluate(
          (url) => window.tools.Session.load(url).then(String, (e: Error) => e.message),
          `${servers.isolated?.url}/model.safetensors`,
        ),
      /^E_OFFLINE .*CORS/,
    ],
    ["an image that is not loaded", (page) => runOn(page, () => new Image()), /^E_INPUT the HTMLImageElement has no pixels yet.*decode/],
    [
      "a video that has not begun",
      (page) => runOn(page, () => document.createElement("video")),
      /^E_INPUT the HTMLVideoElement .*loadeddata/,
    ],
    [
      "an element that is no picture",
      (page) => runOn(page, () => document.createElement("p")),
      /^E_INPUT input "image" is object; expected numbers/,
    ],
  ];
  it.each(cases)("%s", async (_, action, message) => {
    expect(await withPage("plain", action)).toMatch(message);
  });

  it("a bitmap that was closed, a canvas that another origin has painted on", async () => {
    const messages = await withPage("plain", (page) =>
      page.evaluate(async (url) => {
        const session = await window.tools.Session.load("model.safetensors");
        const attempt = (image: ImageBitmap | HTMLImageElement) => session.run({ image }).then(String, (error: Error) => error.message);
        const bitmap = await createImageBitmap(window.tools.imageData(8, 8));
        bitmap.close();
        const foreign = Object.assign(new Image(), { src: url });
        await foreign.decode();
        return [await attempt(bitmap), await attempt(foreign)];
      }, `${servers.strict?.url}/picture.png`),
    );
    expect(messages[0]).toMatch(/^E_INPUT the ImageBitmap has no pixels .*closed/);
    expect(messages[1]).toMatch(/^E_INPUT the HTMLImageElement cannot be read.*CORS/);
  });

  it("a policy that forbids WebAssembly, a worker script that is not there", async () => {
    const forbidden = await serve(dir, {
      isolated: false,
      headers: { "Content-Security-Policy": "script-src 'self'" },
      pages: { "/index.html": html },
    });
    const noWorkers = await serve(dir, {
      isolated: false,
      headers: { "Content-Security-Policy": "worker-src 'none'" },
      pages: { "/index.html": html },
    });
    const missing = await serve(dir, {
      isolated: false,
      pages: { "/index.html": html, "/session_worker.js": "throw new Error('not what was asked for')" },
    });
    try {
      for (const [server, worker, message] of [
        [forbidden, false, /^E_BACKEND the Wasm module did not compile.*'wasm-unsafe-eval'/],
        [forbidden, true, /^E_BACKEND the Wasm module did not compile.*'wasm-unsafe-eval'/],
        [noWorkers, true, /^E_BACKEND the session's worker /],
        [missing, true, /^E_BACKEND the session's worker stopped: .*not what was asked for/],
      ] as const) {
        const page = await browser.newPage();
        await page.goto(`${server.url}/`);
        await ready(page);
        const got = await page.evaluate(
          (worker) => window.tools.Session.load("model.safetensors", { worker }).then(String, (e: Error) => e.message),
          worker,
        );
        expect(got).toMatch(message);
        await page.close();
      }
    } finally {
      await forbidden.close();
      await missing.close();
      await noWorkers.close();
    }
  });
});

describe.each([false, true])("many runs in a page, worker: %s", (worker) => {
  it("overlap, abort and leave no memory behind", async () => {
    const result = await withPage("isolated", async (page) => {
      await page.evaluate(async (worker) => {
        const session = await window.tools.Session.load("model.safetensors", { worker });
        const input = new Float32Array(384).fill(0.5);
        const many = async (count: number) => {
          for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, () => session.run({ image: input })));
        };
        Object.assign(window, { session, many });
        await many(200);
      }, worker);
      const client = await page.context().newCDPSession(page);
      const heap = async () => {
        await client.send("HeapProfiler.collectGarbage");
        return (await client.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
      };
      const before = await heap();
      const rest = await page.evaluate(async () => {
        const { session, many } = window as unknown as {
          session: Session;
          many(count: number): Promise<void>;
        };
        let grown = 0;
        const { grow } = WebAssembly.Memory.prototype;
        WebAssembly.Memory.prototype.grow = function (delta) {
          grown++;
          return grow.call(this, delta);
        };
        await many(2000);
        const controller = new AbortController();
        const input = new Float32Array(384).fill(0.5);
        const first = session.run({ image: input });
        const doomed = session.run({ image: input }, { signal: controller.signal });
        const last = session.run({ image: input });
        controller.abort();
        const message = await doomed.then(String, (error: Error) => error.message);
        const same = (await first).logits?.join() === (await last).logits?.join();
        return { grown, message, same };
      });
      return { ...rest, before, after: await heap() };
    });
    expect(result.message).toMatch(/^E_ABORTED/);
    expect(result.same).toBe(true);
    expect(result.grown).toBe(0);
    const held = ({ usedSize, backingStorageSize = 0 }: { usedSize: number; backingStorageSize?: number }) => usedSize + backingStorageSize;
    expect(held(result.after) - held(result.before)).toBeLessThan(500_000);
  });
});

describe("a folder of Wasm modules", () => {
  it.each([false, true])("serves them where wasmUrl says, worker: %s", async (worker) => {
    const result = await withPage("isolated", async (page) => {
      const fetched: string[] = [];
      page.on("request", (request) => fetched.push(new URL(request.url()).pathname));
      const logits = await page.evaluate(
        async ([numbers, worker]) => {
          const session = await window.tools.Session.load("model.safetensors", { worker, wasmUrl: "wasm", simd: "baseline" });
          return [...((await session.run({ image: Float32Array.from(numbers) })).logits ?? [])];
        },
        [image, worker] as const,
      );
      return { logits, fetched };
    });
    expectLogits(result.logits, goldenLogits);
    if (!worker) expect(result.fetched).toContain("/wasm/inference.baseline.wasm");
  });
});

/** Waits for the page's script. */
async function ready(page: Page): Promise<void> {
  while (!(await page.evaluate(() => window.tools !== undefined))) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The message of the error that a picture made in the page gives. */
async function runOn(page: Page, make: () => unknown): Promise<string> {
  const picture = await page.evaluateHandle(make);
  return page.evaluate(async (picture) => {
    const session = await window.tools.Session.load("model.safetensors");
    return session.run({ image: picture as HTMLImageElement }).then(String, (error: Error) => error.message);
  }, picture);
}
