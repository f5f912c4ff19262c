/** The web app, built and served for a test, and what tests do with its page. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright";
import { expect } from "vitest";
import { type Server, serve } from "../../tools/browser.ts";
import { build } from "../../tools/build.ts";
import { buildDemo } from "../../tools/demo/build.ts";
import { demoHeaders } from "../../tools/demo/serve.ts";
import { root } from "../../tools/entries.ts";

/** A training that takes seconds: enough to tell trousers from boots. */
export const QUICK = "?epochs=2&tune=1&images=1200";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export interface App {
  /** With the isolation headers. */
  readonly url: string;
  /** Below a path, on a host that sends no headers of its own. */
  readonly plain: string;
  /** Makes what is served another version. */
  release(): void;
  close(): Promise<void>;
}

export async function openApp(): Promise<App> {
  await build();
  mkdirSync(join(root, "build"), { recursive: true });
  const dir = mkdtempSync(join(root, "build", "demo-"));
  const below = join(dir, "some", "path");
  await buildDemo(below);
  const servers: Server[] = [
    await serve(below, { isolated: true, headers: demoHeaders, likeHosts: true }),
    await serve(dir, { isolated: false, likeHosts: true }),
  ];
  return {
    url: `${servers[0]?.url}/`,
    plain: `${servers[1]?.url}/some/path/`,
    release() {
      const file = join(below, "service_worker.js");
      writeFileSync(file, readFileSync(file, "utf8").replace(/"[0-9a-f]{12}"/, '"0123456789ab"'));
    },
    async close() {
      for (const server of servers) await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A page, and all that it complains about or asks of other places. */
export async function openPage(context: BrowserContext, url: string): Promise<{ page: Page; noise: string[] }> {
  const page = await context.newPage();
  const noise: string[] = [];
  page.on("console", (message) => noise.push(message.text()));
  page.on("pageerror", (error) => noise.push(String(error)));
  page.on("crash", () => noise.push("crash"));
  context.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !/^(data|blob):/.test(request.url())) noise.push(`request ${request.url()}`);
  });
  await page.goto(url);
  await expectPhase(page, /^(ready|paused|trained|done|tuning-paused)$/);
  return { page, noise };
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" };

const phaseOf = (page: Page): Promise<string | null> => page.getByTestId("status").getAttribute("data-phase");

/** Waits until the work stands there. */
export async function expectPhase(page: Page, phase: RegExp, timeout = 60_000): Promise<void> {
  await expect.poll(() => phaseOf(page), { timeout }).toMatch(phase);
}

/** What a figure of the page says, as a number. */
export async function figure(page: Page, id: string): Promise<number> {
  return Number.parseFloat((await page.getByTestId(id).innerText()).replace("−", "-"));
}

/** The bytes of a download. */
export async function downloaded(page: Page, id: string): Promise<{ name: string; bytes: Uint8Array }> {
  const coming = page.waitForEvent("download");
  await page.getByTestId(id).click();
  const download = await coming;
  return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
}

export async function drop(page: Page, id: string, files: readonly { name: string; bytes: Uint8Array; type?: string }[]): Promise<void> {
  await page
    .getByTestId(id)
    .setInputFiles(
      files.map(({ name, bytes, type = "application/octet-stream" }) => ({ name, mimeType: type, buffer: Buffer.from(bytes) })),
    );
}

/** What axe finds; needs a page without a policy of its own making trouble, so it runs from outside. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations: found } = (await page.evaluate("axe.run(document)")) as AxeResults;
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
