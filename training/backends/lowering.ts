/** How the ops of training graphs run on Wasm: a superset of the inference kernels, in a module of its own. */
import type { Unsupported } from "../../src/backends/unsupported.ts";
import { asPanel, type KernelSet, type Lowering, lowerings, poolBytes, windowOf } from "../../src/backends/wasm/lowering.ts";
import { convBytes, convWeightBytes, outerBytes, type Window, type WinogradShape } from "../../src/backends/wasm/scratch.ts";
import { withWinograd } from "../../src/backends/wasm/winograd.ts";
import type { BoundIo } from "../../src/graph/op.ts";
import { type GradientOpName, trainingOps } from "../ops/index.ts";

/** conv2d_dx reads dy as an image of its own, without stride, and makes one pixel of each stride × stride block at a time. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
function dxWindow(io: BoundIo<any>): Window {
  const [filters = 1, , kh = 1, kw = 1] = io.shape("w");
  const { groups, stride, padding, dilation, size } = io.attrs;
  const reach = (axis: 0 | 1, k: number) =>
    Math.floor((padding[axis] + stride[axis] - 1) / stride[axis]) - Math.floor((padding[axis] - (k - 1) * dilation[axis]) / stride[axis]);
  const cols = Math.ceil(size[1] / stride[1]);
  return { channels: filters / groups, reach: [reach(0, kh), reach(1, kw)], step: [1, 1], cols, taps: kh * kw };
}

/** Without stride, conv2d_dx is a convolution of dy, padded so that every weight meets every pixel, with the weights turned round. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
function dxWinogradShape(io: BoundIo<any>): WinogradShape {
  const [channels = 1, filters = 1] = io.shape("w");
  const { padding, size } = io.attrs;
  return { channels, filters, width: io.shape("dy")[3] ?? 1, padding: padding.map((pixels: number) => 2 - pixels), out: size };
}

const gradientLowerings: Readonly<Record<GradientOpName, Lowering | Unsupported>> = {
  conv2d_dx: withWinograd(
    "conv2d_dx",
    { source: "conv2d_dx", scratch: (io) => convBytes(dxWindow(io)), prepared: asPanel },
    dxWinogradShape,
  ),
  conv2d_dw: { source: "conv2d_dw", scratch: (io) => convWeightBytes(windowOf(io, io.shape("dw"), io.shape("dy"))) },
  linear_dx: { source: "linear_grad", scratch: (io) => outerBytes(io.shape("w")[0] ?? 1) },
  linear_dw: { source: "linear_grad", scratch: (io) => outerBytes(io.shape("dy")[0] ?? 1) },
  channel_sum: { source: "reduce" },
  batch_sum: { source: "reduce" },
  batch_norm_train: { source: "batch_norm_train" },
  batch_norm_grad: { source: "batch_norm_grad" },
  activation_grad: { source: "activation_grad" },
  max_pool_dx: { source: "pool_grad" },
  avg_pool_dx: { source: "pool_grad", scratch: (io) => poolBytes(io.shape("dx")[3] ?? 0, io.attrs.padding) },
  global_avg_pool_dx: { source: "pool_grad" },
  softmax_dx: { source: "softmax_grad" },
  cross_entropy: { source: "loss" },
  cross_entropy_dx: { source: "loss" },
  tally: { source: "loss" },
  fill: { source: "reduce" },
  sgd: { source: "optimizer" },
  adam: { source: "optimizer" },
};

export const trainingKernels: KernelSet = { name: "training", ops: trainingOps, lowerings: { ...lowerings, ...gradientLowerings } };
