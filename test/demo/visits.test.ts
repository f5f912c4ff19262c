/** The web app as visitors bring it: their own pictures, a phone, no network, no headers, no storage, no camera. */
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Session } from "../../src/session.ts";
import { launchChromium } from "../../tools/browser.ts";
import { type App, desktop, downloaded, drop, expectPhase, figure, openApp, openPage, QUICK, violations } from "./app.ts";
import { KINDS, pictureOf } from "./pictures.ts";

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
  it("learns three classes of 30 dropped pictures, on a phone", async () => {
    const context = await browser.newContext({
      viewport: { width: 360, height: 740 },
      isMobile: true,
      hasTouch: true,
      deviceScaleFactor: 2,
      reducedMotion: "reduce",
    });
    const { page, noise } = await openPage(context, `${app.url}?data=own&epochs=8&tune=3`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    await page.getByTestId("train").tap();
    await page.getByText("There are no classes of your own").waitFor();
    const pictures = KINDS.flatMap((kind) => Array.from({ length: 30 }, (_, i) => pictureOf(kind, i)));
    await drop(
      page,
      "drop-pictures",
      pictures.map((picture) => ({ ...picture, type: "image/png" })),
    );
    await expect.poll(() => page.getByTestId("class").count()).toBe(3);
    await page.getByText("3 classes: ready to train").waitFor();
    await page.getByTestId("train").tap();
    await expectPhase(page, /^trained$/);
    await page.getByTestId("cut").tap();
    await expectPhase(page, /^done$/);
    expect(await figure(page, "saved-macs")).toBeGreaterThan(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await violations(page)).toEqual([]);

    // on pictures that never came near the page
    const { bytes } = await downloaded(page, "download-model");
    using session = await Session.load(bytes, { backend: "wasm", threads: 1 });
    expect(session.classNames).toEqual(KINDS);
    let right = 0;
    for (const [label, kind] of KINDS.entries()) {
      for (let i = 100; i < 120; i++) {
        const { logits } = await session.run({ image: pictureOf(kind, i).pixels });
        if ((logits as Float32Array).indexOf(Math.max(...(logits as Float32Array))) === label) right++;
      }
    }
    expect(right / 60).toBeGreaterThanOrEqual(0.9);
    // the page for joules finds both networks
    await page.locator("#energy-link").tap();
    await page.getByRole("heading", { name: "Joules" }).waitFor();
    for (const name of ["before the cut", "packed"]) await page.locator("#energy b", { hasText: name }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    expect(await violations(page)).toEqual([]);
    expect(await page.locator('#energy input[name="files"]').isVisible()).toBe(true);
    expect(noise).toEqual([]);
    await context.close();
  }, 180_000);

  it("is installable, and trains without a network after the first visit", async () => {
    const context = await browser.newContext(desktop);
    const loaded: Promise<number>[] = [];
    context.on("requestfinished", (request) => {
      if (!request.url().includes("/data/")) loaded.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    const { page, noise } = await openPage(context, app.url + QUICK);
    await page.locator('[data-testid="offline"][data-ready="true"]').waitFor();
    const bytes = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);
    expect(bytes).toBeGreaterThan(100 * 1024);
    expect(bytes).toBeLessThan(250 * 1024);
    const devtools = await context.newCDPSession(page);
    const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
    // a test's profile is a private one, in which nothing is installed
    expect(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito")).toEqual([]);
    await context.setOffline(true);
    await page.reload();
    await expectPhase(page, /^ready$/);
    await page.getByTestId("train").click();
    await expectPhase(page, /^trained$/);
    await page.getByTestId("cut").click();
    await expectPhase(page, /^done$/);
    expect(noise).toEqual([]);
    await context.close();
  }, 120_000);

  it("offers a new version, and takes it when it is asked to", async () => {
    const context = await browser.newContext(desktop);
    const { page } = await openPage(context, app.url);
    await page.locator('[data-testid="offline"][data-ready="true"]').waitFor();
    app.release();
    await page.reload();
    const offer = page.getByTestId("notice").filter({ hasText: "A new version of this page is here" });
    await offer.waitFor();
    const before = await page.evaluate("performance.timeOrigin");
    await offer.getByRole("button", { name: "Use it" }).click();
    await expect.poll(() => page.evaluate("performance.timeOrigin").catch(() => before)).not.toBe(before);
    await expectPhase(page, /^ready$/);
    expect(await page.evaluate("caches.keys()")).toHaveLength(1);
    await context.close();
  });

  it("isolates itself below any path on a host that sends no headers; where it cannot, it says so and trains in one thread", async () => {
    const helped = await browser.newContext(desktop);
    const { page } = await openPage(helped, app.plain);
    await expect.poll(() => page.evaluate("crossOriginIsolated").catch(() => false), { timeout: 20_000 }).toBe(true);
    await helped.close();

    const alone = await browser.newContext({ ...desktop, serviceWorkers: "block" });
    const { page: single } = await openPage(alone, app.plain + QUICK);
    await single.getByText("the page is not isolated").first().waitFor({ state: "attached" });
    await single.getByTestId("train").click();
    await expectPhase(single, /^trained$/);
    await alone.close();
  }, 120_000);

  it("says what it cannot have: storage, a camera, a graphics processor", async () => {
    const context = await browser.newContext({ ...desktop, serviceWorkers: "block" });
    const refused = 'Object.defineProperty(self, "indexedDB", { get() { throw new DOMException("no", "SecurityError"); } });\n';
    await context.route("**/studio.js", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: refused + (await response.text()) });
    });
    const { page } = await openPage(context, `${app.url}?data=own&backend=webgpu`);
    await page.getByText("This browser keeps nothing for the page").first().waitFor();
    await page.getByTestId("add-class").click();
    await page.getByRole("button", { name: "Camera" }).first().click();
    await page.getByText(/camera was refused|There is no camera here/).waitFor();
    await page.locator("#setup").evaluate((details) => details.setAttribute("open", ""));
    await page.getByTestId("data-fashion").check();
    await page.getByTestId("train").click();
    await page
      .getByText(/WebGPU has no adapter|no WebGPU/)
      .first()
      .waitFor();
    await expectPhase(page, /^ready$/);
    await context.close();
  }, 60_000);
});
