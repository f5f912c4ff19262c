/** Special values on both builds of the Wasm kernels. */
import { afterAll, beforeAll, describe } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { runOpOn, specialValues } from "./special_values.ts";

describe.each(["relaxed", "baseline"] as const)("%s SIMD", (simd) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await wasmTrainingBackend({ simd, threads: 1 });
  });
  afterAll(() => backend?.dispose());

  for (const subject of Object.values(specialValues)) subject(runOpOn(() => backend));
});
