/** The Wasm backend: chooses SIMD level and threads, compiles the module once, and loads graphs into memories of their own. */
import type { Graph } from "../../graph/graph.ts";
import { verify } from "../../graph/verify.ts";
import type { Backend, CompileOptions, Executable } from "../backend.ts";
import { fetchBinary, fromText, refusal, unshare } from "./binary.ts";
import { WasmExecutable, type WasmModule } from "./executable.ts";
import { chooseSimd, chooseThreads, type Simd } from "./features.ts";
import { inferenceKernels, type KernelSet } from "./lowering.ts";

export interface WasmOptions {
  /** "auto" takes relaxed SIMD (fused multiply-add) where the engine has it. */
  readonly simd?: Simd | "auto";
  readonly threads?: number | "auto";
  /** A folder that serves `inference.relaxed.wasm` and so on; the inlined bytes unless given. */
  readonly wasmUrl?: string | URL;
  /** Why this backend was chosen, for `explain()`. */
  readonly why?: string;
}

/** A build of the module: its kernels, and its inlined bytes for each SIMD level. */
export interface WasmBuild {
  readonly kernels: KernelSet;
  /** As `fromText` reads it; a dynamic import, so that an app loads only the level it runs. */
  readonly load: Readonly<Record<Simd, () => Promise<{ readonly text: string }>>>;
}

export const inferenceBuild: WasmBuild = {
  kernels: inferenceKernels,
  load: { relaxed: () => import("./generated/relaxed.ts"), baseline: () => import("./generated/baseline.ts") },
};

/** A compiled module, with what it runs on. */
export type OpenedModule = Omit<WasmModule, "why">;

/**
 * Compiles the module; `inWindow`: whether a window will run it. Throws BackendError E_UNSUPPORTED without WebAssembly SIMD, E_BACKEND where the module
 * does not load.
 */
export async function openModule(build: WasmBuild, options: WasmOptions, inWindow?: boolean): Promise<OpenedModule> {
  const simd = await chooseSimd(options.simd ?? "auto");
  const { threads, why: threadsWhy } = await chooseThreads(options.threads ?? "auto", inWindow);
  const url = options.wasmUrl;
  const shared =
    url === undefined
      ? fromText((await build.load[simd]()).text)
      : await fetchBinary(`${String(url).replace(/\/?$/, "/")}${build.kernels.name}.${simd}.wasm`);
  try {
    const module = await WebAssembly.compile(threads > 1 ? shared : unshare(shared));
    return { module, kernels: build.kernels, simd, threads, threadsWhy };
  } catch (error) {
    throw refusal(error);
  }
}

/** Throws what `openModule` throws. */
export async function createWasmBackend(build: WasmBuild, options: WasmOptions = {}): Promise<Backend> {
  return wasmBackend(await openModule(build, options), options.why ?? "the Wasm backend was asked for");
}

/** `why`: as in WasmOptions. */
export function wasmBackend(opened: OpenedModule, why: string): Backend {
  const host: WasmModule = { ...opened, why };
  const executables = new Set<Executable>();
  return {
    name: "wasm",
    async compile(graph: Graph, compileOptions: CompileOptions): Promise<Executable> {
      verify(graph, opened.kernels.ops);
      const executable: Executable = await WasmExecutable.create(graph, host, compileOptions, () => executables.delete(executable));
      executables.add(executable);
      return executable;
    },
    dispose() {
      for (const executable of [...executables]) executable.dispose();
    },
  };
}
