/** Updates of parameters in place, one dispatch a block, and constants. */
import { elementGrid, linearGrid } from "../../../src/backends/webgpu/grid.ts";
import { flat } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch, GpuCall, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { shaders } from "../generated/shaders.ts";

const WORKGROUP = 64;

function update(shader: Shader, { step }: GpuCall, constants: Readonly<Record<string, number>>): Dispatch[] {
  const { size = 0, proximal = 0 } = step.slots;
  return [{ shader, constants: { WORKGROUP, PROXIMAL: proximal, ...constants }, grid: linearGrid(Math.ceil(flat(size) / WORKGROUP)) }];
}

export const sgd: GpuLowering = (call) => update(shaders.sgd, call, { NESTEROV: call.step.slots.nesterov as number });

export const adam: GpuLowering = (call) => update(shaders.adam, call, { DECOUPLED: call.step.slots.decoupled as number });

export const fill: GpuLowering = ({ step }) => {
  const size = flat(step.slots.size as number);
  return [{ shader: shaders.fill, ...elementGrid([size, 1, 1]), numbers: { size } }];
};
