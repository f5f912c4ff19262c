/** The notices of the packages whose code is inside our bundles: their licences ask that copies carry them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { root } from "./entries.ts";

const packageOf = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** The text of `LICENSES.txt`; empty where no bundle holds foreign code. Throws if a bundled package has no licence file. */
export function licencesOf(metafiles: readonly Metafile[]): string {
  const folders = new Map<string, string>();
  for (const { outputs } of metafiles) {
    for (const path of Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))) {
      const match = packageOf.exec(path);
      if (match?.[1]) folders.set(match[1], match[0]);
    }
  }
  const notices = [...folders].sort().map(([name, folder]) => {
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled into dist/ but has no licence file; find out whether it may be`);
    return `${name}\n\n${readFileSync(join(root, folder, file), "utf8").trim()}\n`;
  });
  return notices.join(`\n${"-".repeat(80)}\n\n`);
}
