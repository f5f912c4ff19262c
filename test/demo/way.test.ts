/** The whole way of the web app in Chromium: train, pause, cut, compare, take home, and bring it back. */
import { readFileSync } from "node:fs";
import { InferenceSession } from "onnxruntime-web";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportFile } from "../../demo/shared/messages.ts";
import { readModel } from "../../src/model/model.ts";
import { Session } from "../../src/session.ts";
import { launchChromium } from "../../tools/browser.ts";
import { root } from "../../tools/entries.ts";
import { batches, datasetFromIdx } from "../../training/data/index.ts";
import { type App, desktop, downloaded, drop, expectPhase, figure, openApp, openPage, QUICK, violations } from "./app.ts";

let app: App;
let browser: Browser;

beforeAll(async () => {
  app = await openApp();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
});

describe("the web app", () => {
  it("trains, cuts, compares and gives away what it says, and takes it back", async () => {
    const context = await browser.newContext(desktop);
    const { page, noise } = await openPage(context, app.url + QUICK);
    expect(await page.evaluate("crossOriginIsolated")).toBe(true);
    await page.evaluate(() => {
      Object.assign(window, { shift: 0 });
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
          if (!entry.hadRecentInput) (window as unknown as { shift: number }).shift += entry.value;
      });
      observer.observe({ type: "layout-shift", buffered: true });
    });

    await page.getByTestId("train").click();
    await expectPhase(page, /^training$/);
    await page.getByTestId("pause").click();
    await expectPhase(page, /^paused$/);
    await page.reload();
    await expectPhase(page, /^paused$/);
    await page.getByTestId("pause").click();
    await expectPhase(page, /^trained$/);
    expect(await figure(page, "accuracy")).toBeGreaterThan(55);
    await page.locator('[data-testid="threshold"]:enabled').waitFor();

    // the proposal saves half; a higher threshold leaves less
    const left = async () => {
      const [, number, unit] = /([\d.]+) ?([kM]?)/.exec(await page.locator("#cut-macs").innerText()) ?? [];
      return Number(number) * { "": 1, k: 1e3, M: 1e6 }[unit as "" | "k" | "M"];
    };
    const proposed = await left();
    const threshold = await page.getByTestId("threshold").inputValue();
    await page.getByTestId("threshold").fill(await page.getByTestId("threshold").getAttribute("max").then(String));
    expect(await left()).toBeLessThan(proposed);
    await page.getByTestId("threshold").fill(threshold);
    await page.getByTestId("cut").click();
    await expectPhase(page, /^done$/);
    expect(await figure(page, "saved-macs")).toBeGreaterThanOrEqual(50);
    expect(await figure(page, "saved-params")).toBeGreaterThan(0);
    for (const id of ["ms-dense", "ms-packed"]) expect(await figure(page, id)).toBeGreaterThan(0);
    expect(await page.getByTestId("backend").innerText()).toMatch(/WebAssembly[\s\S]*WebGPU[\s\S]*unavailable/);
    await page.locator("#guesses meter").first().waitFor();
    expect(await page.evaluate(() => (window as unknown as { shift?: number }).shift ?? 0)).toBeLessThan(0.1);

    const files = {
      model: await downloaded(page, "download-model"),
      onnx: await downloaded(page, "download-onnx"),
      checkpoint: await downloaded(page, "download-checkpoint"),
      report: await downloaded(page, "download-report"),
    };
    const shown = await figure(page, "accuracy-packed");
    expect(await accuracyInNode(files.model.bytes)).toBeCloseTo(shown / 100, 3);
    const session = await InferenceSession.create(files.onnx.bytes);
    expect(session.outputNames).toEqual(readModel(files.model.bytes).graph.outputs);
    await session.release();
    expect(readModel(files.checkpoint.bytes).training).toBeDefined();
    const report = JSON.parse(new TextDecoder().decode(files.report.bytes)) as ReportFile;
    expect(100 * report.results.packed.accuracy).toBeCloseTo(shown, 1);
    expect(report.settings.images).toBe(1200);

    await page.reload();
    await expectPhase(page, /^done$/);
    expect(await figure(page, "accuracy-packed")).toBe(shown);

    for (const which of ["onnx", "model"] as const) {
      await drop(page, "drop", [files[which]]);
      await page.getByText(`${files[which].name} is open`).waitFor();
      expect(await figure(page, "accuracy-packed")).toBe(shown);
      expect(await page.getByTestId("accuracy-dense").innerText()).toBe("–");
    }
    await drop(page, "drop", [files.report]);
    await page.getByText(`${files.report.name} is shown`).waitFor();
    expect(await figure(page, "accuracy-dense")).toBeCloseTo(100 * (report.results.dense?.accuracy ?? 0), 1);
    await drop(page, "drop", [files.checkpoint]);
    await expectPhase(page, /^paused$/);
    await page.getByTestId("pause").click();
    await expectPhase(page, /^trained$/);
    await drop(page, "drop", [{ name: "notes.txt", bytes: new Uint8Array(3) }]);
    await page.getByText("notes.txt is nothing that this page has written").waitFor();
    expect(noise).toEqual([]);
    await context.close();
  }, 180_000);

  it.each(["light", "dark"] as const)("is accessible as axe sees it, %s", async (colorScheme) => {
    const context = await browser.newContext({ ...desktop, colorScheme });
    const { page } = await openPage(context, `${app.url}?data=own`);
    await page.locator("#setup").evaluate((details) => details.setAttribute("open", ""));
    await page.getByTestId("add-class").click();
    await page.getByTestId("class").waitFor();
    expect(await violations(page)).toEqual([]);
    await context.close();
  });
});

/** The share of the page's 2,000 test pictures that the file gets right, as Node runs it. */
async function accuracyInNode(file: Uint8Array): Promise<number> {
  const read = (name: string) => ({ name, bytes: new Uint8Array(readFileSync(`${root}/data/fashion-mnist/${name}.gz`)) });
  const pair = (part: string) => ({ images: read(`${part}-images-idx3-ubyte`), labels: read(`${part}-labels-idx1-ubyte`) });
  const data = await datasetFromIdx("slice", { train: pair("train"), test: pair("t10k") });
  using session = await Session.load(file, { backend: "wasm", threads: 1 });
  let right = 0;
  let seen = 0;
  for (const batch of batches(data.test, data, { size: 100 })) {
    const { logits } = await session.run({ image: batch.images });
    for (let i = 0; i < batch.count; i++) {
      const row = (logits as Float32Array).subarray(10 * i, 10 * i + 10);
      if (row.indexOf(Math.max(...row)) === batch.labels[i]) right++;
    }
    seen += batch.count;
    if (seen === 2000) break;
  }
  return right / seen;
}
