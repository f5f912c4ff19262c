/** Special values on WebGPU, in Node by Dawn. Its `exp` has no promise of 3 units in the last place, and results may be flushed to zero: no `exponentials`. */
import { afterAll, beforeAll } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { webgpuTrainingBackend } from "../../training/backends/webgpu.ts";
import { describeWithAdapter } from "./adapter.ts";
import { runOpOn, specialValues } from "./special_values.ts";

await describeWithAdapter("swiftshader", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await webgpuTrainingBackend();
  });
  afterAll(() => backend?.dispose());

  const { exponentials: _, ...subjects } = specialValues;
  for (const subject of Object.values(subjects)) subject(runOpOn(() => backend));
});
