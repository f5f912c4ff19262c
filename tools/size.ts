/**
 * `npm run size`: what an app downloads to run a packed model: a minimal app, bundled as apps are, the chunks that it loads on a device, and its worker scripts,
 * gzipped together. Fails where a device would load more than the budget.
 */
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build as bundle } from "esbuild";
import { entries, root } from "./entries.ts";
import { isMain } from "./is_main.ts";

/** Bytes, gzipped. */
export const budget = 60 * 1024;

export interface SizeRow {
  readonly file: string;
  readonly raw: number;
  readonly gzip: number;
}

const app = `import { Session } from "swivel-nn";
const session = await Session.load("model.safetensors");
console.log(await session.run({ image: new Float32Array(784) }), session.explain());
session.dispose();`;

/** Chunks that are imported where they are needed, by the beginning of their names in dist/. Of the SIMD builds a device loads one. */
const SIMD = ["relaxed", "baseline"] as const;
const GPU = "backend";

interface Size {
  readonly files: readonly SizeRow[];
  /** What devices load of them, gzipped together. */
  readonly loads: readonly SizeRow[];
}

/** Bundles `code` against dist/, through the package's own `exports`, with dist's worker scripts. */
export async function measure(code: string = app): Promise<Size> {
  const workers = entries.filter((entry) => entry.worker).map((entry) => join(root, "dist", `${entry.name}.js`));
  const { outputFiles, metafile } = await bundle({
    absWorkingDir: root,
    stdin: { contents: code, resolveDir: root, sourcefile: "app.js" },
    entryPoints: workers,
    outdir: "build/size",
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["node:*"],
    // package.json's `exports` decide, as in an app; the sources' `paths` do not.
    tsconfigRaw: {},
    logLevel: "warning",
    // chunks import each other for their order alone; bundlers do not speak of it for packages that lie in node_modules
    logOverride: { "ignored-bare-import": "silent" },
  });
  const strangers = Object.keys(metafile.inputs).filter((path) => path !== "app.js" && !path.startsWith("dist/"));
  if (strangers.length > 0) throw new Error(`the app should get dist/ only, but its bundle contains ${strangers.join(", ")}`);

  const contents = new Map(outputFiles.map((output) => [relative(root, output.path).replaceAll("\\", "/"), output.contents]));
  const row = (file: string, bytes: Uint8Array): SizeRow => ({ file, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length });
  /** The files whose names in dist/ begin so, and what they import when they load. */
  const loaded = (...names: string[]): string[] => {
    const files = Object.entries(metafile.outputs)
      .filter(([, { entryPoint = "" }]) => names.some((name) => new RegExp(`^${name}\\b`).test(basename(entryPoint))))
      .map(([path]) => path);
    for (const file of files) {
      for (const { path, kind } of metafile.outputs[file]?.imports ?? [])
        if (kind === "import-statement" && !files.includes(path)) files.push(path);
    }
    return files;
  };
  const scripts = workers.map((path) => basename(path, ".js"));
  const load = (what: string, names: readonly string[]): SizeRow =>
    SIMD.map((simd) =>
      row(what, Buffer.concat([...new Set(loaded("app", simd, ...names))].map((path) => contents.get(path) ?? new Uint8Array()))),
    ).reduce((largest, one) => (one.gzip > largest.gzip ? one : largest));
  return {
    files: outputFiles.map((output) => row(basename(output.path).replace("stdin", "app"), output.contents)),
    loads: [load("without a GPU", []), load("with a GPU", [GPU]), load("with a GPU, in a worker", [GPU, ...scripts])],
  };
}

function print(title: string, rows: readonly SizeRow[]): void {
  const width = Math.max(...rows.map((row) => row.file.length), 24);
  console.log(`${title.padEnd(width)}  ${"raw".padStart(9)}  ${"gzip".padStart(9)}`);
  for (const { file, raw, gzip } of rows) console.log(`${file.padEnd(width)}  ${String(raw).padStart(9)}  ${String(gzip).padStart(9)}`);
}

if (isMain(import.meta.url)) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { files, loads } = await measure();
  const largest = Math.max(...loads.map(({ gzip }) => gzip));
  console.log(`swivel-nn ${version}: an app that loads and runs a model, bundled and minified, in bytes`);
  print("file", files);
  print("a device loads, together", loads);
  console.log(`budget: ${budget} gzipped; ${largest <= budget ? `${budget - largest} left` : `${largest - budget} over`}`);
  if (largest > budget) process.exitCode = 1;
}
