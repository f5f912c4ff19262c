import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { allCases } from "./cases.ts";
import { runCases } from "./harness.ts";

for (const simd of ["relaxed", "baseline"] as const)
  for (const threads of [1, 3]) {
    runCases(
      `wasm ${simd} ${threads}`,
      () => wasmTrainingBackend({ simd, threads }),
      allCases.filter((c) => /^(conv2d|linear)/.test(c.op)),
    );
  }
