/** The runtime as an app ships it, made from the sources: its worker scripts lie beside it. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { entries, root } from "../../tools/entries.ts";

/**
 * Bundles the package's entry as `index.js`, its workers under their names, and into the same `outdir` what a page needs: `page` (TypeScript) as `page.js`,
 * and `workers` of its own under their files' names.
 */
export async function bundleRuntime(outdir: string, page?: string, ...workers: readonly string[]): Promise<void> {
  const options: BuildOptions = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    minifySyntax: true,
    logLevel: "warning",
  };
  const points = (kinds: (string | undefined)[]) =>
    entries
      .filter((entry) => kinds.includes(entry.worker) && (entry.worker || entry.name === "index"))
      .map(({ source, name }) => ({ in: source, out: name }));
  const own = page === undefined ? [] : [{ in: page, out: "page" }];
  own.push(...workers.map((path) => ({ in: path, out: basename(path, ".ts") })));
  await build({ ...options, entryPoints: [...points([undefined, "sharing"]), ...own], splitting: true });
  await build({ ...options, entryPoints: points(["alone"]) });
  writeFileSync(join(outdir, "package.json"), '{ "type": "module" }');
}
