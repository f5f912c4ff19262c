/** The reference kernel of every op that a model file may hold. An op without one does not compile. */
import type { OpName } from "../ops/index.ts";
import { activationKernels } from "./activation.ts";
import { batchNorm } from "./batch_norm.ts";
import { concat, gatherChannels, padChannels, scatterAddChannels, sliceChannels } from "./channels.ts";
import { conv2d } from "./conv2d.ts";
import { add, mul } from "./elementwise.ts";
import type { ReferenceKernel } from "./kernel.ts";
import { linear } from "./linear.ts";
import { avgPool, globalAvgPool, maxPool } from "./pool.ts";
import { sameMemory } from "./reshape.ts";
import { softmax } from "./softmax.ts";

/** Kernels of the ops that model files may hold. */
export const reference: Readonly<Record<OpName, ReferenceKernel>> = {
  conv2d,
  linear,
  batch_norm: batchNorm,
  ...activationKernels,
  add,
  mul,
  max_pool: maxPool,
  avg_pool: avgPool,
  global_avg_pool: globalAvgPool,
  flatten: sameMemory,
  reshape: sameMemory,
  concat,
  pad_channels: padChannels,
  slice_channels: sliceChannels,
  gather_channels: gatherChannels,
  scatter_add_channels: scatterAddChannels,
  softmax,
};
