import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceBlock } from "../../bench/page.ts";
import { root } from "../../tools/entries.ts";

describe("docs/benchmarks.md", () => {
  it("takes what a command printed, and keeps the rest", () => {
    const before = "Words.\n<!-- a -->\nold\n<!-- end -->\n<!-- b -->\nother\n<!-- end -->\n";
    expect(replaceBlock(before, "a", "new  \nlines")).toBe(before.replace("old", "```\nnew\nlines\n```"));
    expect(() => replaceBlock(before, "c", "new")).toThrow('E_NOT_FOUND docs/benchmarks.md has no place for "c"');
  });

  it("has a place for each command that it names", () => {
    const page = readFileSync(join(root, "docs", "benchmarks.md"), "utf8");
    for (const name of ["isa", "dispatches", "gpu", "cpu", "layers", "start", "cuts", "widths", "train"])
      expect(replaceBlock(page, `npm run bench -- ${name}`, "new")).toContain("\nnew\n");
  });
});
