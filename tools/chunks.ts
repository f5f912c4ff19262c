/**
 * One file for the core: esbuild gives each set of modules that several entries share a chunk of its own, and a session's worker would start with a dozen
 * requests. Rollup puts together what that worker imports, and leaves everything else as it is.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rollup } from "rollup";

/** What a file of the folder imports, and what that imports in turn. Imports that wait for their use are left out. */
function importsOf(folder: string, file: string, found = new Set<string>()): Set<string> {
  for (const [, name = ""] of readFileSync(join(folder, file), "utf8").matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) {
    if (found.has(name)) continue;
    found.add(name);
    importsOf(folder, name, found);
  }
  return found;
}

/** Copies the bundles `names` from one folder to the other with all that they import; what `worker` imports becomes `core-….js`. */
export async function joinCore(from: string, to: string, names: readonly string[], worker: string): Promise<void> {
  // what has imports that wait stays a file of its own: some bundlers follow those of a file even if nobody calls them
  const waits = (file: string): boolean => /\bimport\("\.\//.test(readFileSync(file, "utf8"));
  const core = new Set([...importsOf(from, `${worker}.js`)].map((file) => join(from, file)).filter((file) => !waits(file)));
  const bundle = await rollup({
    input: Object.fromEntries(names.map((name) => [name, join(from, `${name}.js`)])),
    // esbuild has shaken it
    treeshake: false,
    external: (id) => !/^[./]/.test(id),
    // chunks import each other for their order alone, which matters to none of ours, and which some bundlers follow
    plugins: [{ name: "bare imports", transform: (code) => code.replace(/^import "\.\/chunk-[^"]+";$/gm, "") }],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  await bundle.write({
    dir: to,
    format: "es",
    manualChunks: (id) => (core.has(id) ? "core" : undefined),
    // esbuild's names have their hashes already
    chunkFileNames: ({ name }) => (name === "core" ? "core-[hash].js" : "[name].js"),
    hoistTransitiveImports: false,
    generatedCode: "es2015",
  });
  await bundle.close();
}
