/** The folders that benchmarks serve to browsers: pages, scripts, networks and the peers' files, without addresses outside. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build as bundle } from "esbuild";
import { costOf, type Model, ops, writeModel } from "swivel-nn";
import { toOnnx } from "swivel-nn/onnx";
import { entries, root } from "../tools/entries.ts";
import { packed } from "./networks.ts";
import type { ComparedNetworks, ServedNetwork } from "./peers/networks.ts";

const ORT = "node_modules/onnxruntime-web/dist";
const TENSORFLOW = "node_modules/@tensorflow/tfjs-backend-wasm/dist";

const ortFiles = {
  webgpu: ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
} as const;

export interface SiteOptions {
  /** Below build/. */
  readonly folder: string;
  /** Files of bench/pages: name there → name in the folder. */
  readonly files: Readonly<Record<string, string>>;
  /** Scripts of bench/pages, without the ending. */
  readonly scripts: readonly string[];
  readonly backend: "webgpu" | "wasm";
}

/** Makes the folder anew and returns its path. */
export async function writeSite({ folder: name, files, scripts, backend }: SiteOptions): Promise<string> {
  const folder = join(root, "build", name);
  rmSync(folder, { recursive: true, force: true });
  for (const inner of ["networks", "ort", "tf"]) mkdirSync(join(folder, inner), { recursive: true });
  const pages = join(import.meta.dirname, "pages");
  for (const [from, to] of Object.entries(files)) copyFileSync(join(pages, from), join(folder, to));
  for (const file of ortFiles[backend]) copyFileSync(join(root, ORT, file), join(folder, "ort", file));
  if (backend === "wasm") {
    for (const file of readdirSync(join(root, TENSORFLOW)).filter((file) => file.endsWith(".wasm")))
      copyFileSync(join(root, TENSORFLOW, file), join(folder, "tf", file));
  }
  const options = {
    absWorkingDir: root,
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  } satisfies BuildOptions;
  await bundle({ ...options, entryPoints: scripts.map((script) => ({ in: join(pages, `${script}.ts`), out: script })), splitting: true });
  // sessions start their workers from beside the script; each is a file of its own, as most bundlers make it
  await bundle({ ...options, entryPoints: entries.filter(({ worker }) => worker).map(({ source, name }) => ({ in: source, out: name })) });
  return folder;
}

/** `networks/<name>.safetensors` in the folder. */
export function writeModels(
  folder: string,
  models: readonly { readonly name: string; readonly title: string; readonly model: Model }[],
): ServedNetwork[] {
  return models.map(({ name, title, model }) => {
    const { graph } = model;
    writeFileSync(join(folder, "networks", `${name}.safetensors`), writeModel(model));
    const shape = graph.values[graph.inputs[0] ?? ""]?.shape.slice(1) as number[];
    return { name, title, shape, macs: costOf(graph, ops).macs };
  });
}

/** Also as `.onnx`, and the list of them as index.json. */
export async function writeNetworks(folder: string, table: ComparedNetworks, names: readonly string[]): Promise<ServedNetwork[]> {
  const served: ServedNetwork[] = [];
  for (const name of names) {
    const entry = table[name];
    if (!entry) throw new Error(`no network "${name}"; there are ${Object.keys(table).join(", ")}`);
    const model = packed(await entry.make());
    writeFileSync(join(folder, "networks", `${name}.onnx`), toOnnx(model));
    served.push(...writeModels(folder, [{ name, title: entry.title, model }]));
  }
  writeFileSync(join(folder, "networks", "index.json"), JSON.stringify(served));
  return served;
}
