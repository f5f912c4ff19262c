/** The browsers that tests run in, behind one face. Chromium must be there; of the others tests are left out where they are missing, but not in CI. */
import { findChromium, launchChromium } from "./browser.ts";
import { findFirefox, launchFirefox } from "./firefox.ts";
import type { TestBrowser } from "./tab.ts";
import { findWebKit, launchWebKit } from "./webkit.ts";

export type BrowserName = "Chromium" | "Firefox" | "WebKitGTK";

interface Launcher {
  readonly isThere: () => boolean;
  readonly launch: () => Promise<TestBrowser>;
}

const launchers: Readonly<Record<BrowserName, Launcher>> = {
  Chromium: { isThere: () => findChromium() !== undefined, launch: chromium },
  Firefox: { isThere: () => findFirefox() !== undefined, launch: launchFirefox },
  WebKitGTK: { isThere: () => findWebKit() !== undefined, launch: launchWebKit },
};

export const browserNames = Object.keys(launchers) as BrowserName[];

/** Throws with the remedy where there is none. */
export const launch = (name: BrowserName): Promise<TestBrowser> => launchers[name].launch();

/** Why tests in this browser are left out; undefined where it is there, and in CI, where it has to be. */
export function whyLeftOut(name: BrowserName): string | undefined {
  return name === "Chromium" || process.env.CI || launchers[name].isThere() ? undefined : `no ${name} on this machine`;
}

async function chromium(): Promise<TestBrowser> {
  const browser = await launchChromium();
  return {
    name: "Chromium",
    version: browser.version(),
    async newTab() {
      const page = await browser.newPage();
      return {
        goto: (url) => page.goto(url),
        evaluate: (body, argument) => page.evaluate(body as never, argument as never),
        close: () => page.close(),
      };
    },
    close: () => browser.close(),
  };
}
