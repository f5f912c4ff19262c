import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { browserNames } from "../../tools/browsers.ts";
import { root } from "../../tools/entries.ts";
import { matrixOf } from "../../tools/matrix.ts";

describe("the matrix of browsers", () => {
  it("says what the tests left, and counts how they ended", () => {
    const facts = { browser: "Netscape", date: "2026-01-02", version: "4.7", simd: ["relaxed", "baseline"], cases: 1234, worker: true };
    const test = (browser: string, status: string) => ({ ancestorTitles: [`in ${browser}`, "inside"], status });
    const results = [test("Netscape", "passed"), test("Netscape", "failed"), test("Mosaic", "passed")];
    const table = matrixOf([facts], { testResults: [{ assertionResults: results.slice(1) }, { assertionResults: results.slice(0, 1) }] });
    expect(table.split("\n").at(-1)).toBe("| Netscape | 4.7 | relaxed, baseline | no | yes | 1,234 | no | 1 of 2 |");
  });

  it("stands in README, with every browser", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const table = readme.slice(readme.indexOf("<!-- matrix:"), readme.indexOf("<!-- /matrix -->"));
    for (const name of browserNames) expect(table).toMatch(new RegExp(`^\\| ${name} \\| [\\d.]+ \\|.*\\b(\\d+) of \\1 \\|$`, "m"));
  });
});
