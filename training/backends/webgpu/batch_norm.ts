/** Batch norm with the batch's statistics, and the gradient of batch norm: one dispatch where a workgroup can take a whole channel, else two. */
import type { Pair } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import { channelView } from "../../../src/ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { splitChannels } from "./split.ts";

interface Variants {
  readonly whole: Pair;
  /** Sums of parts, and the rest. */
  readonly first: Pair;
  readonly second: Pair;
  /** Scratch memory between the two, and how many numbers of a channel it holds besides two for each part. */
  readonly scratch: string;
  readonly more: number;
}

const train: Variants = {
  whole: [shaders.batch_norm_train, shaders.batch_norm_train_vec4],
  first: [shaders.batch_norm_train_moments, shaders.batch_norm_train_moments_vec4],
  second: [shaders.batch_norm_train_normalize, shaders.batch_norm_train_normalize_vec4],
  scratch: "statistics",
  more: 2,
};

const grad: Variants = {
  whole: [shaders.batch_norm_grad, shaders.batch_norm_grad_vec4],
  first: [shaders.batch_norm_grad_sums, shaders.batch_norm_grad_sums_vec4],
  second: [shaders.batch_norm_grad_dx, shaders.batch_norm_grad_dx_vec4],
  scratch: "sums",
  more: 3,
};

/** `constants`: of the shaders that write outputs. */
function dispatches(variants: Variants, shape: readonly number[], constants: Readonly<Record<string, number>>): Dispatch[] {
  const view = channelView(shape);
  const { parts, dispatch } = splitChannels(view);
  // `var` is a word of WGSL's own
  const alias = { variance: "var" };
  if (parts === 1) return [{ ...dispatch(variants.whole, constants), alias }];
  const scratch = { [variants.scratch]: view.c * (2 * parts + variants.more) };
  return [
    { ...dispatch(variants.first), alias, scratch },
    { ...dispatch(variants.second, constants), alias, scratch },
  ];
}

export const batchNormTrain: GpuLowering = ({ io }) => dispatches(train, io.shape("x"), {});

export const batchNormGrad: GpuLowering = ({ io, step }) => dispatches(grad, io.shape("x"), { FROZEN: step.slots.frozen as number });
