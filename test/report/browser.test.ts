import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderReport } from "../../cli/tour/page/render.ts";
import type { TourRecord } from "../../cli/tour/record.ts";
import { launchChromium, type Server, serve } from "../../tools/browser.ts";
import { sampleRecord } from "./sample.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const record = sampleRecord(3, 4);

/** Names as long and as wild as a folder of pictures may bring them. */
const long = "a-name-without-a-single-space-that-goes-on-and-on-beyond-all-reason";
const wild: TourRecord = {
  ...record,
  report: { ...record.report, dataset: { ...record.report.dataset, name: `${long}<img src=x onerror=alert(1)>` } },
  histories: record.histories.map((arm) => ({
    ...arm,
    name: `${arm.name} ${long}`,
    slopes: arm.slopes.map((layer) => ({ ...layer, layer: `${layer.layer}${long}<script>alert(2)</script>` })),
  })),
  survivors: record.survivors.map((layer) => ({ ...layer, layer: layer.layer + long })),
  layers: {
    dense: record.layers.dense.map((layer) => ({ ...layer, name: layer.name + long, macs: layer.macs * 1e6 })),
    packed: record.layers.packed.map((layer) => ({ ...layer, name: layer.name + long })),
  },
};

describe("report.html in Chromium", () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    const pages = { "/report.html": renderReport(record), "/wild.html": renderReport(wild) };
    [browser, server] = await Promise.all([launchChromium(), serve(tmpdir(), { isolated: false, pages })]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens a page and notes all that it complains about or asks for. */
  async function open(path: string, options: Parameters<Browser["newPage"]>[0] = {}): Promise<{ page: Page; noise: string[] }> {
    const page = await browser.newPage(options);
    const noise: string[] = [];
    page.on("console", (message) => noise.push(message.text()));
    page.on("pageerror", (error) => noise.push(String(error)));
    page.on("dialog", (dialog) => {
      noise.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url() !== server.url + path && !request.url().startsWith("data:")) noise.push(`request ${request.url()}`);
    });
    await page.goto(server.url + path, { waitUntil: "load" });
    return { page, noise };
  }

  it.each(["/report.html", "/wild.html"])("%s loads in silence and fits phones, tablets and desktops", async (path) => {
    const { page, noise } = await open(path);
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
    expect(await page.locator("img").count()).toBe(0);
    expect(noise).toEqual([]);
    await page.close();
  });

  it.each(["light", "dark"] as const)("is accessible as axe sees it, %s", async (colorScheme) => {
    const { page } = await open("/report.html", { colorScheme, viewport: { width: 1280, height: 800 } });
    await page.evaluate(() => {
      for (const section of document.querySelectorAll("section")) section.querySelector("details")?.setAttribute("open", "");
    });
    await page.evaluate(axe);
    const { violations, passes } = (await page.evaluate("axe.run(document)")) as AxeResults;
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
    expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(["color-contrast", "heading-order", "role-img-alt"]));
    await page.close();
  });

  it("reads without its script, and prints light", async () => {
    const { page } = await open("/report.html", { javaScriptEnabled: false, colorScheme: "dark" });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.locator(".plot").count()).toBe(10);
    expect(await page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor)).toBe("rgb(255, 255, 255)");
    expect(await page.locator("nav").isVisible()).toBe(false);
    await page.close();
  });

  it("shows the numbers under the pointer", async () => {
    const { page, noise } = await open("/report.html", { viewport: { width: 1280, height: 900 } });
    const loss = page.locator("#learning .plot-area").first();
    await loss.hover({ position: { x: 1, y: 100 } });
    const points = record.histories[0]?.points ?? [];
    await expect.poll(() => loss.locator(".tip").innerText()).toContain(`Epoch: 1\nReLU, train: ${points[0]?.loss.toFixed(3)}`);

    const [layer] = record.histories[2]?.slopes ?? [];
    const slopes = page.locator("#slopes figure").nth(1).locator(".plot-area");
    const box = (await slopes.boundingBox()) as { width: number; height: number };
    await slopes.hover({ position: { x: box.width - 1, y: 0 } });
    const highest = (layer?.values.at(-1) ?? []).reduce((best, value, i, all) => (value > (all[best] as number) ? i : best), 0);
    await expect.poll(() => slopes.locator(".tip").innerText()).toContain(`filter ${highest}, epoch 4`);
    expect(await slopes.locator("path.near").getAttribute("data-row")).toBe(String(highest));

    await page.mouse.move(0, 0);
    await expect.poll(() => page.locator(".tip:visible, path.near").count()).toBe(0);
    expect(noise).toEqual([]);
    await page.close();
  });
});
