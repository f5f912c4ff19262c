/** The Wasm kernels in every browser: every case of every op on both builds and SIMD levels, ten steps of PyTorch, and a trainer in a worker with threads. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.ts";
import type { Tab } from "../../tools/tab.ts";
import type { Steps } from "../train/pytorch_steps.ts";
import type {} from "./kernels_page.ts";
import { recordFacts } from "./matrix.ts";
import { inEveryBrowser, Site, startingThreads, withTab } from "./site.ts";

const SLOW = 400_000;
const fixtures = new URL("../fixtures/training/", import.meta.url);
const site = new Site();
let url = "";

beforeAll(async () => {
  await site.bundle("test/browser/kernels_page.ts", "test/browser/trainer_worker.ts");
  url = await site.serve({ isolated: true });
});
afterAll(() => site.close());

inEveryBrowser((browser, name) => {
  const inPage = <T>(use: (tab: Tab) => Promise<T>): Promise<T> => withTab(browser(), url, use);
  const facts = { browser: name, date: new Date().toISOString().slice(0, 10) };

  it(
    "every case of every op",
    async () => {
      // in one page, which keeps what the reference gave
      const results = await inPage((tab) =>
        tab.evaluate(async () => {
          const builds = ["inference", "training"] as const;
          const results: { simd: string; build: string; count: number; failures: string[] }[] = [];
          for (const simd of await window.kernels.levels())
            for (const build of builds) results.push({ simd, build, ...(await window.kernels.cases(build, simd)) });
          return results;
        }),
      );
      const simd = [...new Set(results.map((result) => result.simd))];
      if (name === "Chromium") expect(simd).toEqual(["relaxed", "baseline"]);
      for (const { failures, count, ...which } of results) {
        expect({ ...which, failures }).toEqual({ ...which, failures: [] });
        expect(count).toBeGreaterThan(200);
      }
      const cases = results.reduce((sum, { count }) => sum + count, 0);
      recordFacts({ ...facts, version: browser().version, simd, cases });
    },
    SLOW,
  );

  it("ten steps of PyTorch, by SGD and by Adam", async () => {
    const steps = JSON.parse(readFileSync(new URL("steps.json", fixtures), "utf8")) as Steps;
    const { tensors } = readSafetensors(readFileSync(new URL("start.safetensors", fixtures)));
    const data = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [...tensor.data]]));
    const failures = await inPage((tab) =>
      tab.evaluate(
        async ({ steps, data }) => {
          const failures: string[] = [];
          for (const simd of await window.kernels.levels())
            for (const kind of ["sgd", "adam"]) failures.push(...(await window.kernels.pytorch(simd, kind, steps, data)));
          return failures;
        },
        { steps, data },
      ),
    );
    expect(failures).toEqual([]);
    recordFacts({ ...facts, training: true });
  });

  it("a trainer in a worker gives the same bits with two threads as with one", startingThreads(name), async () => {
    const [one, two] = await inPage((tab) => tab.evaluate(async () => [await window.kernels.train(1), await window.kernels.train(2)]));
    expect(one?.explanation.threads).toBe(1);
    expect(two?.explanation, two?.explanation.threadsWhy).toMatchObject({ backend: "wasm", threads: 2 });
    expect(two?.sha256).toBe(one?.sha256);
    expect(one?.losses.at(-1)).toBeLessThan(one?.losses[0] as number);
    recordFacts({ ...facts, threads: true });
  });
});
