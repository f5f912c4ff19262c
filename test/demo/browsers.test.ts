/** The web app's main way in every browser: train, cut, and see both networks' figures. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { inEveryBrowser } from "../browser/site.ts";
import { type App, openApp, QUICK } from "./app.ts";

let app: App;

beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app?.close());

inEveryBrowser((browser) => {
  it("trains, cuts and compares", async () => {
    const tab = await browser().newTab();
    try {
      await tab.goto(app.url + QUICK);
      const facts = await tab.evaluate(async () => {
        const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
        const reach = async (phase: string): Promise<void> => {
          while (find("status")?.dataset.phase !== phase) await new Promise((resolve) => setTimeout(resolve, 50));
        };
        await reach("ready");
        find("train")?.click();
        await reach("trained");
        find("cut")?.click();
        await reach("done");
        const number = (id: string) => Number.parseFloat(find(id)?.innerText ?? "");
        const [accuracy, saved, ms] = ["accuracy-packed", "saved-macs", "ms-packed"].map(number);
        return { accuracy, saved, ms, backend: find("backend")?.innerText, notices: document.getElementById("notices")?.innerText };
      });
      expect(facts.notices).toBe("");
      expect(facts.accuracy).toBeGreaterThan(55);
      expect(facts.saved).toBeGreaterThanOrEqual(50);
      expect(facts.ms).toBeGreaterThan(0);
      expect(facts.backend).toContain("The packed network runs as WebAssembly");
    } finally {
      await tab.close();
    }
  }, 150_000);
});
