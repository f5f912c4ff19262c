/** Updates of parameters in place, one dispatch a block, and constants. */
import { elementGrid, linearGrid } from "../../../src/backends/webgpu/grid.ts";
import type { GpuCall, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { shaders } from "../generated/shaders.ts";

const WORKGROUP = 64;
/** Numbers of a thread: PER in the shaders. */
const PER = 4;

function update(shader: Shader, { step }: GpuCall, constants: Readonly<Record<string, number>>) {
  const { size = 0, proximal = 0 } = step.slots;
  return [{ shader, constants: { WORKGROUP, PROXIMAL: proximal, ...constants }, grid: linearGrid(Math.ceil(size / (WORKGROUP * PER))) }];
}

export const sgd: GpuLowering = (call) => update(shaders.sgd, call, { NESTEROV: call.step.slots.nesterov as number });

export const adam: GpuLowering = (call) => update(shaders.adam, call, { DECOUPLED: call.step.slots.decoupled as number });

export const fill: GpuLowering = ({ step }) => [{ shader: shaders.fill, ...elementGrid([step.slots.size as number, 1, 1]) }];
