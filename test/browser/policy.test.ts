/** What a Content-Security-Policy must allow (docs/deploying.md says it), and what comes of one that does not; and of scripts that are not there. */
import { copyFileSync, cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packModel } from "../../cli/pack.ts";
import type { ServeOptions } from "../../tools/browser.ts";
import { Random } from "../../training/index.ts";
import { createModel } from "../../training/models/index.ts";
import { expectLogits, goldenBytes, goldenImage, goldenPath } from "../session/golden.ts";
import { recordFacts } from "./matrix.ts";
import type {} from "./page.ts";
import { inEveryBrowser, policy, Site, startingThreads, withTab } from "./site.ts";

const site = new Site();
/** The same page without one of the workers' scripts, as a bundler leaves it that does not know them. */
const without = { "session_worker.js": new Site(), "wasm_thread.js": new Site() };
const image = [...goldenImage];

beforeAll(async () => {
  await site.bundle("test/browser/page.ts");
  copyFileSync(goldenPath, join(site.dir, "model.safetensors"));
  const { graph, init } = createModel("resnet20", { activation: "rrelu", input: { channels: 3, height: 32, width: 32 }, classes: 10 });
  writeFileSync(join(site.dir, "resnet20.safetensors"), packModel({ graph, tensors: init(new Random(1)) }));
  for (const [script, { dir }] of Object.entries(without)) {
    cpSync(site.dir, dir, { recursive: true });
    rmSync(join(dir, script));
  }
});
afterAll(async () => {
  for (const one of [site, ...Object.values(without)]) await one.close();
});

const csp = (text: string): Partial<ServeOptions> => ({ headers: { "Content-Security-Policy": text } });
/** The documented policy with something else in the place of one of its parts. */
const changed = (part: string, instead: string): Partial<ServeOptions> => {
  if (!policy.includes(part)) throw new Error(`the policy has no ${part}`);
  return csp(policy.replace(part, instead));
};

inEveryBrowser((browser, name) => {
  interface Loaded {
    readonly message: string;
    readonly logits?: number[];
  }
  /** Loads and runs the golden model; gives what the session says and its logits, or the error's message. */
  const load = (url: string, options: { worker?: boolean; bytes?: number[] } = {}): Promise<Loaded> =>
    withTab(browser(), url, (tab) =>
      tab.evaluate(
        async ([image, { bytes, worker }]) => {
          try {
            const session = await window.tools.Session.load(bytes ? Uint8Array.from(bytes) : "model.safetensors", { worker });
            const { logits = [] } = await session.run({ image: Float32Array.from(image) });
            return { ...session.explain(), logits: [...logits], message: "" };
          } catch (error) {
            return { message: (error as Error).message };
          }
        },
        [image, options] as const,
      ),
    );

  const enough: [string, Partial<ServeOptions>][] = [
    ["as documented", csp(policy)],
    ["without worker-src, since script-src stands in for it", changed("; worker-src 'self'", "")],
  ];
  it.each(enough)("a policy %s lets a session run in a worker", async (_, options) => {
    const result = await load(await site.serve(options));
    expect(result).toMatchObject({ message: "", backend: "wasm", worker: true });
    expectLogits(result.logits);
    recordFacts({ browser: name, date: new Date().toISOString().slice(0, 10), worker: true });
  });

  it.each([false, true])("a policy without 'wasm-unsafe-eval' is an error that names it, worker: %s", async (worker) => {
    const { message } = await load(await site.serve(changed(" 'wasm-unsafe-eval'", "")), { worker });
    expect(message).toMatch(/^E_BACKEND the Wasm module was refused.*'wasm-unsafe-eval'/);
  });

  it("a policy without connect-src is an error for addresses, not for bytes", async () => {
    const url = await site.serve(changed(" connect-src 'self';", ""));
    expect((await load(url)).message).toMatch(/^E_OFFLINE /);
    expect(await load(url, { bytes: [...goldenBytes()] })).toMatchObject({ message: "", worker: true });
  });

  type Refused = [string, () => Promise<string>, RegExp];
  const refused: Refused[] = [
    ["worker-src forbids workers", () => site.serve(changed("worker-src 'self'", "worker-src 'none'")), /did not start/],
    ["the worker's script is missing", () => without["session_worker.js"].serve(), /did not start/],
    ["the worker's script fails", () => site.serve({ pages: { "/session_worker.js": "throw new Error('not ours')" } }), /not ours/],
    // seconds pass until that is believed; once is enough
    ...(name === "Chromium"
      ? [["the worker's script never answers", () => site.serve({ pages: { "/session_worker.js": "" } }), /did not answer/] as Refused]
      : []),
  ];
  describe.each(refused)("where %s", { concurrent: name === "Chromium" }, (_, serve, why) => {
    it("the session runs in the page, and says why", async () => {
      const result = await load(await serve());
      expect(result).toMatchObject({ message: "", worker: false, workerWhy: expect.stringMatching(why) });
      expectLogits(result.logits);
    });

    it("worker: true is an error", async () => {
      expect((await load(await serve(), { worker: true })).message).toMatch(/^E_BACKEND the session's worker did not start: /);
    });
  });

  it.each([
    ["is missing", () => without["wasm_thread.js"].serve({ isolated: true })],
    ["fails", () => site.serve({ isolated: true, pages: { "/wasm_thread.js": "throw new Error('not ours')" } })],
  ])("where the script of threads %s, there is one thread, and the session says why", startingThreads(name), async (_, serve) => {
    const [alone, withThreads] = await withTab(browser(), await serve(), (tab) =>
      tab.evaluate(async () => {
        const results: { threads: number; threadsWhy: string; logits: number[] }[] = [];
        for (const threads of [1, 2]) {
          const session = await window.tools.Session.load("resnet20.safetensors", { threads });
          const image = new Float32Array(3 * 32 * 32).map((_, i) => Math.sin(i));
          // the first run does not wait for threads
          await session.run({ image });
          const [logits = []] = Object.values(await session.run({ image }));
          results.push({ ...session.explain(), logits: [...logits] });
          session.dispose();
        }
        return results;
      }),
    );
    expect(withThreads?.logits).toEqual(alone?.logits);
    expect(withThreads).toMatchObject({ threads: 1, worker: true, threadsWhy: expect.stringMatching(/^a thread did not start: /) });
  });

  it("threads of an isolated page are allowed by the documented policy", startingThreads(name), async () => {
    const explanation = await withTab(browser(), await site.serve({ isolated: true, ...csp(policy) }), (tab) =>
      tab.evaluate(async () => {
        const session = await window.tools.Session.load("resnet20.safetensors", { threads: 2 });
        await session.warmup();
        return session.explain();
      }),
    );
    expect(explanation).toMatchObject({ threads: 2, worker: true, threadsWhy: "2 threads were asked for" });
  });
});
