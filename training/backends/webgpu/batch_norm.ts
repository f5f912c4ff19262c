/** Batch norm with the batch's statistics, and the gradient of batch norm: one dispatch where a workgroup can take a whole channel, else two. */
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { channelView } from "../../../src/ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { splitChannels } from "./split.ts";

interface Variants {
  readonly whole: Shader;
  /** Sums of parts, then the rest. */
  readonly parts: readonly [sums: Shader, rest: Shader];
  /** Scratch memory between the two: its name, and how many numbers of a channel follow on two for each part. */
  readonly between: readonly [name: string, more: number];
}

function dispatches(
  { whole, parts, between: [name, more] }: Variants,
  shape: readonly number[],
  extra: Record<string, number>,
): Dispatch[] {
  const { parts: count, ...split } = splitChannels(channelView(shape));
  // `var` is a word of WGSL's own
  const common = { ...split, constants: { ...split.constants, ...extra }, alias: { variance: "var" } };
  if (count === 1) return [{ shader: whole, ...common }];
  return parts.map((shader) => ({ shader, ...common, scratch: { [name]: split.numbers.c * (2 * count + more) } }));
}

export const batchNormTrain: GpuLowering = ({ io }) =>
  dispatches(
    {
      whole: shaders.batch_norm_train,
      parts: [shaders.batch_norm_train_moments, shaders.batch_norm_train_normalize],
      between: ["statistics", 2],
    },
    io.shape("x"),
    {},
  );

export const batchNormGrad: GpuLowering = ({ io, step }) =>
  dispatches(
    { whole: shaders.batch_norm_grad, parts: [shaders.batch_norm_grad_sums, shaders.batch_norm_grad_dx], between: ["sums", 3] },
    io.shape("x"),
    { FROZEN: step.slots.frozen as number },
  );
