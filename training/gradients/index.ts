/** The gradient of every op: a missing rule is a compile error. */
import { GraphError } from "../../src/errors.ts";
import { forActivations } from "../../src/ops/activation.ts";
import type { OpName } from "../../src/ops/index.ts";
import type { GradientOpName } from "../ops/index.ts";
import { activationGradient } from "./activation.ts";
import { frozenBatchNormGradient, trainBatchNormGradient } from "./batch_norm.ts";
import {
  concatGradient,
  gatherChannelsGradient,
  padChannelsGradient,
  scatterAddChannelsGradient,
  sliceChannelsGradient,
} from "./channels.ts";
import { conv2dGradient } from "./conv2d.ts";
import { addGradient, mulGradient } from "./elementwise.ts";
import { linearGradient } from "./linear.ts";
import { crossEntropyGradient, softmaxGradient } from "./loss.ts";
import { avgPoolGradient, globalAvgPoolGradient, maxPoolGradient } from "./pool.ts";
import { reshapeGradient } from "./reshape.ts";
import { type GradientRule, type Undifferentiable, undifferentiable } from "./rule.ts";

const once = undifferentiable("it is itself part of a gradient; Swivel differentiates once");
const update = undifferentiable("it changes its operands in place; differentiate before adding updates");

export const gradients: Readonly<Record<OpName | GradientOpName, GradientRule | Undifferentiable>> = {
  conv2d: conv2dGradient,
  linear: linearGradient,
  batch_norm: frozenBatchNormGradient,
  ...forActivations(() => activationGradient),
  add: addGradient,
  mul: mulGradient,
  max_pool: maxPoolGradient,
  avg_pool: avgPoolGradient,
  global_avg_pool: globalAvgPoolGradient,
  flatten: reshapeGradient,
  reshape: reshapeGradient,
  concat: concatGradient,
  pad_channels: padChannelsGradient,
  slice_channels: sliceChannelsGradient,
  gather_channels: gatherChannelsGradient,
  scatter_add_channels: scatterAddChannelsGradient,
  softmax: softmaxGradient,
  batch_norm_train: trainBatchNormGradient,
  cross_entropy: crossEntropyGradient,
  fill: undifferentiable("it is a constant"),
  conv2d_dx: once,
  conv2d_dw: once,
  linear_dx: once,
  linear_dw: once,
  channel_sum: once,
  batch_sum: once,
  batch_norm_grad: once,
  activation_grad: once,
  max_pool_dx: once,
  avg_pool_dx: once,
  global_avg_pool_dx: once,
  softmax_dx: once,
  cross_entropy_dx: once,
  tally: update,
  sgd: update,
  adam: update,
};

/** The rule of an op. Throws GraphError E_GRAPH where it has none, saying why. */
export function gradientRule(op: string, node: string): GradientRule {
  const rule = Object.hasOwn(gradients, op) ? gradients[op as OpName] : undefined;
  if (typeof rule === "function") return rule;
  throw new GraphError("E_GRAPH", `${op} "${node}" cannot be differentiated: ${rule?.undifferentiable ?? "no rule is known for it"}`);
}
