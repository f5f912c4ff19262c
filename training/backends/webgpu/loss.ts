/** Losses, the gradient of softmax, and the totals of an epoch. */
import { rowTeams, teamOf } from "../../../src/backends/webgpu/kernels/softmax.ts";
import type { GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { shaders } from "../generated/shaders.ts";

/** Each row of `slot` by itself. */
const rows =
  (shader: Shader, slot: string): GpuLowering =>
  ({ io }) => {
    const [n = 1, c = 1] = io.shape(slot);
    return [{ shader, ...rowTeams(n, c) }];
  };

/** All rows of the logits to one number: one workgroup. */
const total =
  (shader: Shader): GpuLowering =>
  ({ io }) => [{ shader, constants: { TEAM: teamOf(io.shape("logits")[1] ?? 1) }, grid: [1, 1, 1] }];

export const softmaxDx = rows(shaders.softmax_dx, "y");
export const crossEntropy = total(shaders.cross_entropy);
export const crossEntropyDx = rows(shaders.cross_entropy_dx, "logits");
export const tally = total(shaders.tally);
