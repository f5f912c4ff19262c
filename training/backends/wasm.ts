/** The Wasm backend with the training kernels: a module of its own that inference apps do not ship. */
import type { Backend } from "../../src/backends/backend.ts";
import { createWasmBackend, type WasmBuild, type WasmOptions } from "../../src/backends/wasm/backend.ts";
import { trainingKernels } from "./lowering.ts";

const trainingBuild: WasmBuild = {
  kernels: trainingKernels,
  load: { relaxed: () => import("./generated/relaxed.ts"), baseline: () => import("./generated/baseline.ts") },
};

/** A Wasm backend that runs training graphs (and any other). Errors as `createWasmBackend`. */
export function wasmTrainingBackend(options: WasmOptions = {}): Promise<Backend> {
  return createWasmBackend(trainingBuild, options);
}
