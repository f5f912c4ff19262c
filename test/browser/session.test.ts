/** Sessions with the Wasm backend in pages of every browser: where they run, with threads and without, from numbers and from pictures. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { writeModel } from "../../src/index.ts";
import { ops } from "../../src/ops/index.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { root } from "../../tools/entries.ts";
import { numbers } from "../../tools/make-golden.ts";
import type { Tab } from "../../tools/tab.ts";
import { expectLogits, goldenImage, goldenLogits, goldenPath } from "../session/golden.ts";
import type {} from "./page.ts";
import { inEveryBrowser, policy, Site, startingThreads, withTab } from "./site.ts";

const site = new Site();
const kinds = { plain: {}, isolated: { isolated: true }, strict: { headers: { "Content-Security-Policy": policy } } };
type Kind = keyof typeof kinds;
const urls = {} as Record<Kind, string>;

beforeAll(async () => {
  await site.bundle("test/browser/page.ts");
  copyFileSync(goldenPath, join(site.dir, "model.safetensors"));
  const modules = join(root, "build", "wasm");
  mkdirSync(join(site.dir, "wasm"));
  for (const file of existsSync(modules) ? readdirSync(modules) : [])
    if (/^inference.*\.wasm$/.test(file)) copyFileSync(join(modules, file), join(site.dir, "wasm", file));
  for (const kind of Object.keys(kinds) as Kind[]) urls[kind] = await site.serve(kinds[kind]);
  const { encode } = await import("fast-png");
  writeFileSync(join(site.dir, "picture.png"), encode({ width: 8, height: 8, data: new Uint8Array(256).fill(200), channels: 4 }));
});
afterAll(() => site.close());

const image = [...goldenImage];

inEveryBrowser((browser, name) => {
  const withPage = <T>(kind: Kind, use: (tab: Tab) => Promise<T>): Promise<T> => withTab(browser(), urls[kind], use);

  describe.each([
    { kind: "plain", worker: false, threads: 1, why: /not cross-origin isolated/ },
    { kind: "plain", worker: true, threads: 1, why: /not cross-origin isolated/ },
    { kind: "isolated", worker: false, threads: 1, why: /a window may not wait/ },
    { kind: "isolated", worker: "auto", threads: 1, why: /a run this small is over/ },
    { kind: "strict", worker: false, threads: 1, why: /not cross-origin isolated/ },
    { kind: "strict", worker: undefined, threads: 1, why: /not cross-origin isolated/ },
  ] as const)("a session in a $kind page, worker: $worker", ({ kind, worker, threads, why }) => {
    it("gives the golden model's logits for numbers, and says how", async () => {
      const result = await withPage(kind, (tab) =>
        tab.evaluate(
          async ([numbers, worker]) => {
            const progress: { loaded: number; total: number | undefined }[] = [];
            const session = await window.tools.Session.load("model.safetensors", {
              worker: worker ?? undefined,
              threads: 2,
              onProgress: (p) => progress.push(p),
            });
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
          [image, worker ?? null] as const,
        ),
      );
      expectLogits(result.logits);
      expect(result.kept).toBe(384);
      expect(result.explanation).toMatchObject({ backend: "wasm", threads, macs: 23_360, worker: worker !== false });
      expect(result.explanation.simd).toMatch(name === "Chromium" ? "relaxed" : /^(relaxed|baseline)$/);
      expect(result.explanation.threadsWhy).toMatch(why);
      expect(result.explanation.workerWhy).toMatch(worker === "auto" || worker === undefined ? /must stay responsive/ : /asked for/);
      expect(result.classNames?.[3]).toBe("Stern ☆");
      expect(result.preprocess?.mean).toEqual([0.485, 0.456, 0.406]);
      expect(result.progress.at(-1)?.loaded).toBe(result.progress.at(-1)?.total);
      expect(result.times).toBe(5);
      expect(result.afterwards).toMatch(/^E_DISPOSED/);
    });
  });

  it("threads in a page's worker give the bits of one thread, and the reference's numbers", startingThreads(name), async () => {
    const net = new GraphBuilder(ops);
    const conv = (x: string, name: string, from: number, to: number) =>
      net.add("conv2d", name, { x, w: net.param(`${name}.weight`, [to, from, 3, 3]) }, { padding: [1, 1, 1, 1] });
    const hidden = net.add("relu", "relu", { x: conv(net.input("image", ["N", 3, 32, 32]), "conv1", 3, 16) });
    net.output(net.add("global_avg_pool", "mean", { x: conv(hidden, "conv2", 16, 32) }));
    const graph = net.build();
    const next = numbers(5);
    const tensors = { "conv1.weight": new Float32Array(16 * 27).map(next), "conv2.weight": new Float32Array(32 * 144).map(next) };
    writeFileSync(join(site.dir, "large.safetensors"), writeModel({ graph, tensors }));
    const input = new Float32Array(3 * 32 * 32).map(next);
    const reference = await new ReferenceBackend().compile(graph, { tensors });
    const wanted = reference.runExact({ image: input }).mean as Float64Array;

    const [one, four] = await withPage("isolated", (tab) =>
      tab.evaluate(
        async (input) => {
          const results: number[][] = [];
          for (const threads of [1, 4]) {
            const session = await window.tools.Session.load("large.safetensors", { threads });
            await session.warmup();
            for (let i = 0; i < 50; i++) await session.run({ image: Float32Array.from(input) });
            if (session.explain().threads !== threads) throw new Error(session.explain().threadsWhy);
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

  it("one thread where there is no SharedArrayBuffer, as WebKitGTK has it by default", async () => {
    const { threads, threadsWhy } = await withPage("isolated", (tab) =>
      tab.evaluate(async () => {
        Reflect.deleteProperty(window, "SharedArrayBuffer");
        return (await window.tools.Session.load("model.safetensors", { worker: false })).explain();
      }),
    );
    expect(threads).toBe(1);
    expect(threadsWhy).toMatch(/no SharedArrayBuffer/);
  });

  describe.each([false, true])("pictures in a page, worker: %s", (worker) => {
    it("of every kind give what their pixels give", async () => {
      const results = await withPage("plain", (tab) =>
        tab.evaluate(async (worker) => {
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
        const rest = Object.keys(results).filter((kind) => kind.endsWith(` ${size}`) && !/^(pixels|all)/.test(kind));
        expect(rest.length).toBeGreaterThanOrEqual(name === "Chromium" ? 6 : 5);
        for (const kind of rest) expectLogits(results[kind], wanted);
        expectLogits(results[`all ${size}`], Array.from({ length: rest.length + 1 }, () => wanted).flat());
      }
      expectLogits(results["without OffscreenCanvas"], results["pixels 31"]);
      expect(results["pixels 8"]).not.toEqual(results["pixels 31"]);
    });

    it("from a video are its frame at this moment", async () => {
      const [shown, plain] = await withPage("plain", (tab) =>
        tab.evaluate(async (worker) => {
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
    const cases: [string, (tab: Tab) => Promise<string | undefined>, RegExp][] = [
      [
        "a missing file",
        (tab) => tab.evaluate(() => window.tools.refusal("nothing.safetensors")),
        /^E_NOT_FOUND nothing.safetensors.* 404/,
      ],
      ["a page instead of a model", (tab) => tab.evaluate(() => window.tools.refusal("/")), /^E_TOO_LARGE .*web page/],
      [
        "another origin without CORS",
        (tab) => tab.evaluate((url) => window.tools.refusal(url), `${urls.isolated}model.safetensors`),
        /^E_OFFLINE .*CORS/,
      ],
      [
        "an image that is not loaded",
        (tab) => tab.evaluate(() => window.tools.complaint(new Image())),
        /^E_INPUT the HTMLImageElement has no pixels yet.*decode/,
      ],
      [
        "a video that has not begun",
        (tab) => tab.evaluate(() => window.tools.complaint(document.createElement("video"))),
        /^E_INPUT the HTMLVideoElement .*loadeddata/,
      ],
      [
        "an element that is no picture",
        (tab) => tab.evaluate(() => window.tools.complaint(document.createElement("p"))),
        /^E_INPUT input "image" is object; expected numbers/,
      ],
      [
        "a bitmap that was closed",
        (tab) =>
          tab.evaluate(async () => {
            const bitmap = await createImageBitmap(window.tools.imageData(8, 8));
            bitmap.close();
            return window.tools.complaint(bitmap);
          }),
        /^E_INPUT the ImageBitmap has no pixels .*closed/,
      ],
      [
        "a picture of another origin",
        (tab) =>
          tab.evaluate(async (url) => {
            const foreign = Object.assign(new Image(), { src: url });
            await foreign.decode();
            return window.tools.complaint(foreign);
          }, `${urls.strict}picture.png`),
        /^E_INPUT the HTMLImageElement cannot be read.*CORS/,
      ],
    ];
    it.each(cases)("%s", async (_, action, message) => {
      expect(await withPage("plain", action)).toMatch(message);
    });
  });

  it.each([false, true])("many runs overlap, abort and grow no memory, worker: %s", async (worker) => {
    const result = await withPage("isolated", (tab) =>
      tab.evaluate(async (worker) => {
        const session = await window.tools.Session.load("model.safetensors", { worker });
        const image = new Float32Array(384).fill(0.5);
        const many = async (count: number) => {
          for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, () => session.run({ image })));
        };
        await many(200);
        let grown = 0;
        const { grow } = WebAssembly.Memory.prototype;
        WebAssembly.Memory.prototype.grow = function (delta) {
          grown++;
          return grow.call(this, delta);
        };
        await many(1000);
        const controller = new AbortController();
        const first = session.run({ image });
        const doomed = session.run({ image }, { signal: controller.signal });
        const last = session.run({ image });
        controller.abort();
        const message = await doomed.then(String, (error: Error) => error.message);
        const same = (await first).logits?.join() === (await last).logits?.join();
        session.dispose();
        return { grown, message, same };
      }, worker),
    );
    expect(result.message).toMatch(/^E_ABORTED/);
    expect(result.same).toBe(true);
    expect(result.grown).toBe(0);
  });

  it.each([false, true])("a folder of Wasm modules serves them where wasmUrl says, worker: %s", async (worker) => {
    const result = await withPage("isolated", (tab) =>
      tab.evaluate(
        async ([numbers, worker]) => {
          const session = await window.tools.Session.load("model.safetensors", { worker, wasmUrl: "wasm", simd: "baseline" });
          const { logits } = await session.run({ image: Float32Array.from(numbers) });
          const fetched = performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname);
          return { logits: [...(logits ?? [])], fetched, simd: session.explain().simd };
        },
        [image, worker] as const,
      ),
    );
    expectLogits(result.logits, goldenLogits);
    expect(result.simd).toBe("baseline");
    if (!worker) expect(result.fetched).toContain("/wasm/inference.baseline.wasm");
  });
});
