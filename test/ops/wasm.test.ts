/** Every op case on both builds of the Wasm kernels. */
import { createWasmBackend, inferenceBuild } from "../../src/backends/wasm/backend.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { allCases, inferenceCases } from "./cases.ts";
import { runCases } from "./harness.ts";
import { wasmK as k } from "./wasm_k.ts";

for (const simd of ["relaxed", "baseline"] as const) {
  runCases(`Wasm for training, ${simd} SIMD`, () => wasmTrainingBackend({ simd, threads: 1 }), allCases, { k });
  runCases(`Wasm for inference, ${simd} SIMD`, () => createWasmBackend(inferenceBuild, { simd, threads: 1 }), inferenceCases, { k });
}
