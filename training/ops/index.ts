/** The ops of training graphs: those that a model file may hold, and those that only differentiation and optimizers make. */
import type { OpDef } from "../../src/graph/op.ts";
import { ops } from "../../src/ops/index.ts";
import { activationGrad } from "./defs/activation_grad.ts";
import { batchNormGrad, batchNormTrain } from "./defs/batch_norm_train.ts";
import { conv2dDw, conv2dDx } from "./defs/conv2d_grad.ts";
import { linearDw, linearDx } from "./defs/linear_grad.ts";
import { crossEntropy, crossEntropyDx, fill, softmaxDx, tally } from "./defs/loss.ts";
import { adam, sgd } from "./defs/optimizer.ts";
import { avgPoolDx, globalAvgPoolDx, maxPoolDx } from "./defs/pool_grad.ts";
import { batchSum, channelSum } from "./defs/reduce.ts";

/** Ops that never appear in a model file. */
export const gradientOps = {
  conv2d_dx: conv2dDx,
  conv2d_dw: conv2dDw,
  linear_dx: linearDx,
  linear_dw: linearDw,
  channel_sum: channelSum,
  batch_sum: batchSum,
  batch_norm_train: batchNormTrain,
  batch_norm_grad: batchNormGrad,
  activation_grad: activationGrad,
  max_pool_dx: maxPoolDx,
  avg_pool_dx: avgPoolDx,
  global_avg_pool_dx: globalAvgPoolDx,
  softmax_dx: softmaxDx,
  cross_entropy: crossEntropy,
  cross_entropy_dx: crossEntropyDx,
  tally,
  fill,
  sgd,
  adam,
} as const satisfies Record<string, OpDef>;

export type GradientOpName = keyof typeof gradientOps;

/** `ops`, and those of training: gradients, losses, optimizers. */
export const trainingOps = { ...ops, ...gradientOps } as const;
export type TrainingOpName = keyof typeof trainingOps;
