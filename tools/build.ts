/**
 * `npm run build`: what sources import but people do not write (the Wasm modules, the shaders, the report's styles and script), then `dist/` as it is
 * published: bundles and declarations. `tsx tools/build.ts sources` stops after the first. Nothing is done twice: see stamp.ts.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type BuildOptions, build as bundle } from "esbuild";
import { joinCore } from "./chunks.ts";
import { writeDeclarations } from "./declarations.ts";
import { type Entry, entries, root } from "./entries.ts";
import { isMain } from "./is_main.ts";
import { licencesOf } from "./licences.ts";
import { buildPage, pageInputs } from "./page.ts";
import { runIfChanged, withLock } from "./stamp.ts";
import { buildShaders } from "./wgsl/build.ts";

const toolInputs = ["tools", "package.json", "package-lock.json", "tsconfig.json"];
const sourceDirs = ["src", "training", "energy", "cli", "shaders", "assembly"];

/** Every file below `dir` (absolute), from the root. */
function list(dir: string): string[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/")).sort();
}

/** Assembles the kernels and writes the modules that src/ and training/ import. */
async function wasmStep(): Promise<string[]> {
  const { buildWasm } = await import("./wasm.ts");
  await buildWasm();
  const written = ["assembly/generated", "build/wasm", "src/backends/wasm/generated", "training/backends/generated"];
  return written.flatMap((dir) => list(join(root, dir)));
}

/** What the assembling reads: the kernels, and all that tools/wasm.ts imports (the op tables among it). */
async function wasmInputs(): Promise<string[]> {
  const entryPoints = ["tools/wasm.ts"];
  const { metafile } = await bundle({
    absWorkingDir: root,
    entryPoints,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  return ["assembly", "package-lock.json", ...Object.keys(metafile.inputs).sort()];
}

/** Bundles with shared chunks, so that a class or a module exists once however many entries an app imports; but for workers that stand alone. */
async function bundles(outdir: string): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  const options = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    // Whatever else a source imports goes into the bundle.
    external: ["node:*", ...Object.keys(dependencies)],
    // Names stay, for readable stack traces and `constructor.name`; so does white space, and with it the comments in `import()` that tell an app's
    // own bundler what not to follow. That one shortens them.
    minifySyntax: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  } satisfies BuildOptions;
  const pointsOf = (chosen: readonly Entry[]) => chosen.map((entry) => ({ in: entry.source, out: entry.name }));
  const sharing = entries.filter((entry) => entry.worker !== "alone");
  const chunks = join(root, "build", "chunks");
  rmSync(chunks, { recursive: true, force: true });
  const { metafile } = await bundle({ ...options, outdir: chunks, entryPoints: pointsOf(sharing), splitting: true });
  const names = sharing.map(({ name }) => name);
  await joinCore(chunks, outdir, names, sharing.find(({ worker }) => worker === "sharing")?.name as string);
  const workers = await bundle({ ...options, entryPoints: pointsOf(entries.filter((entry) => entry.worker === "alone")) });
  const licences = licencesOf([metafile, workers.metafile]);
  if (licences) writeFileSync(join(outdir, "LICENSES.txt"), licences);
  for (const entry of entries.filter((entry) => entry.command)) {
    const file = join(outdir, `${entry.name}.js`);
    const code = readFileSync(file, "utf8");
    if (!code.startsWith("#!")) writeFileSync(file, `#!/usr/bin/env node\n${code}`);
    chmodSync(file, 0o755);
  }
}

/** Builds beside `dist/` and swaps at the end: a failed build leaves the last one, a running command sees no half of one. */
async function distStep(): Promise<string[]> {
  const fresh = join(root, "build", "dist");
  const dist = join(root, "dist");
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await Promise.all([bundles(fresh), writeDeclarations(join(fresh, "types"))]);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  return list(dist);
}

/** Brings the build up to date; `upTo: "sources"` stops where sources can run and be type-checked. */
export async function build(upTo: "sources" | "dist" = "dist"): Promise<void> {
  await withLock(async () => {
    const steps = [
      { name: "page", inputs: pageInputs, run: buildPage },
      {
        name: "shaders",
        inputs: ["shaders", "tools/wgsl", "src/backends/webgpu/shader.ts", "src/backends/webgpu/unroll.ts"],
        run: buildShaders,
      },
      { name: "wasm", inputs: await wasmInputs(), run: wasmStep },
      { name: "dist", inputs: [...toolInputs, ...sourceDirs], run: distStep },
    ];
    for (const step of upTo === "sources" ? steps.slice(0, -1) : steps) {
      const start = performance.now();
      if (await runIfChanged(step)) console.error(`built ${step.name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  });
}

if (isMain(import.meta.url)) {
  await build(process.argv[2] === "sources" ? "sources" : "dist");
}
