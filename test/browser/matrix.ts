/** What tests have found out about a browser, for the table that `npm run matrix` prints. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/entries.ts";
import type { BrowserFacts } from "../../tools/matrix.ts";

/** Adds to what is known of this browser. */
export function recordFacts(facts: Partial<BrowserFacts> & Pick<BrowserFacts, "browser">): void {
  const dir = join(root, "build", "matrix");
  const path = join(dir, `${facts.browser}.json`);
  mkdirSync(dir, { recursive: true });
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as object) : {};
  writeFileSync(path, JSON.stringify({ ...known, ...facts }));
}
