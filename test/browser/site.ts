/** A page with the package in it, bundled and served for a test, and tabs that look at it. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  const tab = await within(browser, "open a tab", browser.newTab());
  try {
    await within(browser, `load ${url}`, tab.goto(url));
    const up = tab.evaluate(async () => {
      while (!("tools" in window)) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    await within(browser, `run the script of ${url}`, up);
    const result = await within(browser, "run the test's part in the page", use(tab));
    const errors = tab.evaluate(() => (window as unknown as { tools: { errors: string[] } }).tools.errors);
    expect(await within(browser, "tell the page's errors", errors)).toEqual([]);
    return result;
  } finally {
    await tab.close();
  }
}

/** A test that hangs says where. */
const PATIENCE = 50_000;

async function within<T>({ name }: TestBrowser, what: string, done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not ${what} within ${PATIENCE / 1000} s`)), PATIENCE);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

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
