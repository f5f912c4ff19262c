/**
 * `npm run demo:shots`: the app's screens after a default run, at three widths in both themes, in build/shots; one of them is README's picture.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright";
import { launchChromium, serve } from "../browser.ts";
import { build } from "../build.ts";
import { root } from "../entries.ts";
import { buildDemo, outdir } from "./build.ts";
import { demoHeaders } from "./serve.ts";

const folder = join(root, "build/shots");
const README = { from: "1280-light-cut.png", to: join(root, "docs/images/demo.png") };
const WIDTHS = [
  [360, 740],
  [768, 1024],
  [1280, 800],
] as const;
const SECTIONS = ["idea", "train", "cut", "compare", "take"] as const;
const PATIENCE = 180_000;

/** The page's header covers so much of what is scrolled to. */
async function show(page: Page, section: string): Promise<void> {
  await page.evaluate((id) => {
    document.documentElement.style.scrollBehavior = "auto";
    document.getElementById(id)?.scrollIntoView();
  }, section);
  await page.waitForTimeout(700);
}

async function shoot(page: Page, sections: readonly string[], suffix = ""): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of WIDTHS) {
      await page.setViewportSize({ width, height });
      for (const section of sections) {
        await show(page, section);
        await page.screenshot({ path: join(folder, `${width}-${colorScheme}-${section}${suffix}.png`) });
      }
      await page.screenshot({ path: join(folder, `${width}-${colorScheme}-page${suffix}.png`), fullPage: true });
    }
  }
}

await build();
await buildDemo();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = await serve(outdir, { isolated: true, headers: demoHeaders, likeHosts: true });
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`${server.url}/`);
  await page.getByTestId("status").getByText("Ready").waitFor();
  await page.getByTestId("train").click();
  await page.getByText("epoch 6 of").waitFor({ timeout: PATIENCE });
  await page.getByTestId("pause").click();
  await page.getByText("Paused").first().waitFor();
  await shoot(page, ["train"], "-under-way");
  await page.getByTestId("pause").click();
  await page.locator('[data-testid="cut"]:enabled').waitFor({ timeout: PATIENCE });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
  await show(page, "cut");
  await page.screenshot({ path: join(folder, README.from) });
  copyFileSync(join(folder, README.from), README.to);
  await page.getByTestId("cut").click();
  await page.locator('[data-testid="download-model"]:enabled').waitFor({ timeout: PATIENCE });
  await shoot(page, SECTIONS);
} finally {
  await browser.close();
  await server.close();
}
console.log(`build/shots; docs/images/demo.png is ${README.from} before the cut`);
