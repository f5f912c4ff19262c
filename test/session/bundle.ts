/** The runtime as an app ships it, made from the sources: its worker scripts lie beside it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { entries, root } from "../../tools/entries.ts";

/** Bundles the package's entry as `index.js`, the workers under their names, and `page` (TypeScript) as `page.js`, into `outdir`. */
export async function bundleRuntime(outdir: string, page?: string): Promise<void> {
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
  await build({ ...options, entryPoints: [...points([undefined, "sharing"]), ...own], splitting: true });
  await build({ ...options, entryPoints: points(["alone"]) });
  writeFileSync(join(outdir, "package.json"), '{ "type": "module" }');
}
