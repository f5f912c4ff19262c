/**
 * `npm run size`: what an app downloads to run a model: a minimal app, bundled as apps are, with every file that the bundle emits and the worker
 * scripts beside it, gzipped together. Fails above the budget.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
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

/** Bundles `code` against dist/, through the package's own `exports`, with dist's worker scripts; returns the files' sizes, and last their sum. */
export async function measure(code: string = app): Promise<{ files: SizeRow[]; total: SizeRow }> {
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
  const row = (file: string, bytes: Uint8Array): SizeRow => ({ file, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length });
  const files = outputFiles.map((output) => row(basename(output.path).replace("stdin", "app"), output.contents));
  return { files, total: row("all together", Buffer.concat(outputFiles.map((output) => output.contents))) };
}

function print(rows: readonly SizeRow[]): void {
  const width = Math.max(...rows.map((row) => row.file.length));
  console.log(`${"file".padEnd(width)}  ${"raw".padStart(9)}  ${"gzip".padStart(9)}`);
  for (const { file, raw, gzip } of rows) console.log(`${file.padEnd(width)}  ${String(raw).padStart(9)}  ${String(gzip).padStart(9)}`);
}

if (isMain(import.meta.url)) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const { files, total } = await measure();
  console.log(`swivel-nn ${version}: an app that loads and runs a model, bundled and minified, in bytes`);
  print([...files, total]);
  console.log(`budget: ${budget} gzipped; ${total.gzip <= budget ? `${budget - total.gzip} left` : `${total.gzip - budget} over`}`);
  if (total.gzip > budget) process.exitCode = 1;
}
