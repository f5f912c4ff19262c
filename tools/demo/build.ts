/**
 * The web app as static files in build/demo: the page, its studio, the package's workers, pictures, icons, service worker. All addresses are relative, so
 * that it works below any path. It is bundled against dist/, as an app of anybody's would be.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type BuildOptions, build as bundle, type Metafile } from "esbuild";
import { parseIdx } from "../../training/data/index.ts";
import { entries, root } from "../entries.ts";
import { licencesOf } from "../licences.ts";
import { iconPng, iconSvg } from "./icons.ts";

export const outdir = join(root, "build/demo");
const DATA = "data/fashion-mnist";
/** Of the 10,000 test pictures: enough for an accuracy to within a point and a half, and a fifth of the download. */
const TEST_PICTURES = 2000;

/** What the page may load and run: its own files, and WebAssembly. */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
/** The page for joules shows its report in a frame, which brings its styles along. */
export const energyPolicy = `${policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")}; frame-src 'self'`;

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: ["es2022", "chrome109", "firefox115", "safari16.4"],
  // pictures in files are read by Node's side of the package only; browsers decode them
  external: ["node:*", "fast-png", "jpeg-js"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  // package.json's `exports` decide what the package is; the sources' `paths` do not
  tsconfigRaw: { compilerOptions: { target: "es2022", useDefineForClassFields: true } },
  logOverride: { "ignored-bare-import": "silent" },
} satisfies BuildOptions;

/** Builds into `out`; dist/ must be up to date. */
export async function buildDemo(out: string = outdir): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(join(out, "icons"), { recursive: true });
  const workers = entries.filter((entry) => entry.worker).map((entry) => ({ in: join(root, "dist", `${entry.name}.js`), out: entry.name }));
  const app = await bundle({
    ...options,
    outdir: out,
    splitting: true,
    entryPoints: [
      { in: "demo/app/main.ts", out: "app" },
      { in: "demo/worker/studio.ts", out: "studio" },
      { in: "demo/energy/main.ts", out: "energy" },
      ...workers,
    ],
  });
  const styles = await bundle({
    ...options,
    outdir: out,
    entryPoints: [{ in: "demo/styles/app.css", out: "app" }],
    loader: { ".woff2": "file" },
    assetNames: "[name]",
  });
  writeFileSync(join(out, "LICENSES.txt"), licencesOf([app.metafile, styles.metafile]));
  for (const [name, allowed] of [["index.html", policy] as const, ["energy.html", energyPolicy] as const]) {
    const html = readFileSync(join(root, "demo", name), "utf8");
    writeFileSync(join(out, name), html.replace("%POLICY%", allowed));
  }
  writeFileSync(join(out, "manifest.webmanifest"), readFileSync(join(root, "demo/manifest.webmanifest")));
  writeFileSync(join(out, "icons/icon.svg"), iconSvg());
  for (const side of [180, 192, 512]) writeFileSync(join(out, `icons/icon-${side}.png`), iconPng(side, side === 180));
  writeFileSync(join(out, "icons/maskable-512.png"), iconPng(512, true));
  copyData(join(out, DATA));
  await serviceWorker(out, lazyChunks(app.metafile));
}

/** Scripts that the app loads on some devices only: the other level of SIMD, WebGPU. */
function lazyChunks({ outputs }: Metafile): string[] {
  const reached = Object.keys(outputs).filter((path) => /(^|\/)(app|studio|energy|session_worker|wasm_thread)\.js$/.test(path));
  for (const path of reached)
    for (const { path: next, kind } of outputs[path]?.imports ?? [])
      if (kind === "import-statement" && !reached.includes(next)) reached.push(next);
  return Object.keys(outputs)
    .filter((path) => !reached.includes(path))
    .map((path) => basename(path));
}

function copyData(to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ["LICENSE", "classes.txt", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"])
    writeFileSync(join(to, name), readFileSync(join(root, DATA, name)));
  for (const [name, rank] of [["t10k-images-idx3-ubyte.gz", 3] as const, ["t10k-labels-idx1-ubyte.gz", 1] as const]) {
    const { shape, data } = parseIdx({ name, bytes: gunzipSync(readFileSync(join(root, DATA, name))) }, rank);
    const kept = [TEST_PICTURES, ...shape.slice(1)];
    const file = Buffer.alloc(4 + 4 * rank + kept.reduce((product, size) => product * size, 1));
    file.set([0, 0, 8, rank]);
    for (const [i, size] of kept.entries()) file.writeUInt32BE(size, 4 + 4 * i);
    file.set(data.subarray(0, file.length - 4 - 4 * rank), 4 + 4 * rank);
    writeFileSync(join(to, name), gzipSync(file, { level: 9 }));
  }
}

/** Written last: its version is a hash of all the files, so that a new build is a new version exactly where something changed. */
async function serviceWorker(out: string, lazy: readonly string[]): Promise<void> {
  const files = listFiles(out);
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(join(out, file)));
  const isData = (file: string) => file.startsWith("data/");
  // large icons are the system's business, when the app is installed
  const other = ["index.html", "LICENSES.txt", "icons/icon-512.png", "icons/maskable-512.png", "icons/icon-180.png"];
  const shown = files.filter((file) => !isData(file) && !lazy.includes(file) && !other.includes(file));
  await bundle({
    ...options,
    format: "iife",
    outfile: join(out, "service_worker.js"),
    entryPoints: ["demo/service_worker.ts"],
    define: {
      VERSION: JSON.stringify(hash.digest("hex").slice(0, 12)),
      FILES: JSON.stringify(["./", ...shown]),
      LAZY: JSON.stringify(lazy),
      DATA: JSON.stringify(files.filter((file) => isData(file) && !file.endsWith("LICENSE"))),
    },
  });
}

function listFiles(dir: string): string[] {
  const found = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => relative(dir, join(entry.parentPath, entry.name)).replaceAll("\\", "/")).sort();
}
