/** The table of ops that a model file may hold. Training adds its own (`training/ops/`). */

import type { OpDef } from "../graph/op.ts";
import { activationOps } from "./activation.ts";
import { batchNorm } from "./batch_norm.ts";
import { concat, gatherChannels, padChannels, scatterAddChannels, sliceChannels } from "./channels.ts";
import { conv2d } from "./conv2d.ts";
import { add, mul } from "./elementwise.ts";
import { linear } from "./linear.ts";
import { avgPool, globalAvgPool, maxPool } from "./pool.ts";
import { flatten, reshape } from "./reshape.ts";
import { softmax } from "./softmax.ts";

/** Every op of inference, by name: what `costOf`, `verify` and the readers of models look them up in. */
export const ops = {
  conv2d,
  linear,
  batch_norm: batchNorm,
  ...activationOps,
  add,
  mul,
  max_pool: maxPool,
  avg_pool: avgPool,
  global_avg_pool: globalAvgPool,
  flatten,
  reshape,
  concat,
  pad_channels: padChannels,
  slice_channels: sliceChannels,
  gather_channels: gatherChannels,
  scatter_add_channels: scatterAddChannels,
  softmax,
} as const satisfies { readonly [Name in string]: OpDef<Name> };

export type OpName = keyof typeof ops;
