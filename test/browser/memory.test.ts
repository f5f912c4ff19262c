/** What sessions leave behind in a page's memory, as Chromium counts it. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchChromium } from "../../tools/browser.ts";
import { goldenPath } from "../session/golden.ts";
import type {} from "./page.ts";
import { Site } from "./site.ts";

const site = new Site();
let browser: Browser;

beforeAll(async () => {
  await site.bundle("test/browser/page.ts");
  copyFileSync(goldenPath, join(site.dir, "model.safetensors"));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await site.close();
});

it.each([false, true])("thousands of runs leave nothing behind, worker: %s", async (worker) => {
  const page = await browser.newPage();
  await page.goto(await site.serve({ isolated: true }));
  await page.waitForFunction(() => "tools" in window);
  await page.evaluate(async (worker) => {
    const session = await window.tools.Session.load("model.safetensors", { worker });
    const image = new Float32Array(384).fill(0.5);
    const many = async (count: number) => {
      for (let i = 0; i < count; i += 10) await Promise.all(Array.from({ length: 10 }, () => session.run({ image })));
    };
    Object.assign(window, { many });
    await many(200);
  }, worker);
  const client = await page.context().newCDPSession(page);
  const held = async () => {
    await client.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize = 0 } = (await client.send("Runtime.getHeapUsage")) as {
      usedSize: number;
      backingStorageSize?: number;
    };
    return usedSize + backingStorageSize;
  };
  const before = await held();
  await page.evaluate(() => (window as unknown as { many(count: number): Promise<void> }).many(2000));
  expect((await held()) - before).toBeLessThan(500_000);
  await page.close();
});
