/** A page with the package in it, bundled and served for a test, and tabs that look at it. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestOptions } from "vitest";
import { type ServeOptions, type Server, serve } from "../../tools/browser.ts";
import { type BrowserName, browserNames, launch, whyLeftOut } from "../../tools/browsers.ts";
import { root } from "../../tools/entries.ts";
import type { Tab, TestBrowser } from "../../tools/tab.ts";
import { bundleRuntime } from "../session/bundle.ts";

const html = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="page.js"></script>';

/** As strict as a page can be that runs WebAssembly. */
export const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:; worker-src 'self'";

export class Site {
  readonly dir: string;
  readonly #servers: Server[] = [];

  constructor() {
    mkdirSync(join(root, "build"), { recursive: true });
    this.dir = mkdtempSync(join(root, "build", "site-"));
  }

  /** `page`: a TypeScript file, from the root; and scripts of workers that it starts. */
  bundle(page: string, ...workers: readonly string[]): Promise<void> {
    return bundleRuntime(this.dir, page, ...workers);
  }

  /** The address of the page, served so. */
  async serve(options: Partial<ServeOptions> = {}): Promise<string> {
    const server = await serve(this.dir, { isolated: false, ...options, pages: { "/index.html": html, ...options.pages } });
    this.#servers.push(server);
    return `${server.url}/`;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A fresh tab on a page of a site; what the page throws and nobody catches fails the test. */
export async function withTab<T>(browser: TestBrowser, url: string, use: (tab: Tab) => Promise<T>): Promise<T> {
  const tab = await browser.newTab();
  try {
    await tab.goto(url);
    await tab.evaluate(async () => {
      while (!("tools" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    const result = await use(tab);
    expect(await tab.evaluate(() => (window as unknown as { tools: { errors: string[] } }).tools.errors)).toEqual([]);
    return result;
  } finally {
    await tab.close();
  }
}

/** Of tests that start threads: in Firefox the making of a worker within a worker now and then never ends, which is why "auto" takes none there. */
export const startingThreads = (name: BrowserName): TestOptions => (name === "Firefox" ? { retry: 3, timeout: 30_000 } : {});

/** The same tests in every browser; left out, with the reason, where one is missing. */
export function inEveryBrowser(tests: (browser: () => TestBrowser, name: BrowserName) => void): void {
  for (const name of browserNames) {
    describe(`in ${name}`, () => {
      const why = whyLeftOut(name);
      if (why !== undefined) return it.skip(`left out: ${why}`, () => {});
      let browser: TestBrowser | undefined;
      beforeAll(async () => {
        browser = await launch(name);
      });
      afterAll(() => browser?.close());
      tests(() => browser as TestBrowser, name);
    });
  }
}
