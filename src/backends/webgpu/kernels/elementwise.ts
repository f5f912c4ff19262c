/** add and mul: one element a thread. */
import { sizeOf } from "../../../graph/graph.ts";
import { shaders } from "../generated/shaders.ts";
import { linearGrid } from "../grid.ts";
import type { GpuLowering } from "../lowering.ts";

const WORKGROUP = 64;

export const binary =
  (multiply: boolean): GpuLowering =>
  ({ io }) => [
    {
      shader: shaders.binary,
      constants: { WORKGROUP, MULTIPLY: multiply ? 1 : 0 },
      grid: linearGrid(Math.ceil(sizeOf(io.shape("y")) / WORKGROUP)),
    },
  ];
