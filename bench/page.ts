/** docs/benchmarks.md: what commands print stands there between marks, and `--write` puts it there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "swivel-nn";
import { root } from "../tools/entries.ts";

const page = join(root, "docs", "benchmarks.md");

/** `text` in place of what stands between the marks of `command`. Throws InputError E_NOT_FOUND where the page has no such marks. */
export function replaceBlock(markdown: string, command: string, text: string): string {
  const [from, to] = [`<!-- ${command} -->\n`, "\n<!-- end -->"];
  const start = markdown.indexOf(from);
  const end = markdown.indexOf(to, start);
  if (start < 0 || end < 0)
    throw new InputError("E_NOT_FOUND", `docs/benchmarks.md has no place for "${command}": add ${from.trim()} and ${to.trim()}`);
  const lines = text.split("\n").map((line) => line.trimEnd());
  return `${markdown.slice(0, start + from.length)}\`\`\`\n${lines.join("\n")}\n\`\`\`${markdown.slice(end)}`;
}

export function writeBlock(command: string, text: string): void {
  writeFileSync(page, replaceBlock(readFileSync(page, "utf8"), command, text));
}
