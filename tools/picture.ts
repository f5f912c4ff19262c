/** Draws README's picture: the top of the report that `npm start` left in out/, as a desktop shows it. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { launchChromium } from "./browser.ts";
import { root } from "./entries.ts";

const report = join(root, "out/report.html");
const picture = join(root, "docs/images/report.png");
const SIZE = { width: 1100, height: 900 };

if (!existsSync(report)) throw new Error("out/report.html is not there; run npm start first");
mkdirSync(dirname(picture), { recursive: true });
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
  await page.goto(pathToFileURL(report).href);
  await page.screenshot({ path: picture });
} finally {
  await browser.close();
}
console.log(`docs/images/report.png, ${SIZE.width} × ${SIZE.height}`);
