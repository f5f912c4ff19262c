/** How the ops of training graphs run on Wasm: a superset of the inference kernels, in a module of its own. */
import type { Unsupported } from "../../src/backends/unsupported.ts";
import { asPanel, type KernelSet, type Lowering, lowerings, poolBytes, windowOf } from "../../src/backends/wasm/lowering.ts";
import {
  convBytes,
  convWeightBytes,
  convWeightWinogradBytes,
  outerBytes,
  type Window,
  type WinogradShape,
} from "../../src/backends/wasm/scratch.ts";
import { partsOf, sidesOf, withWinograd } from "../../src/backends/wasm/winograd.ts";
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
  const window = sidesOf(io, "w");
  const { padding, size } = io.attrs;
  const turned = padding.map((pixels: number, side: number) => (window[side % 2] as number) - 1 - pixels);
  return { channels: channels * partsOf(window), filters, window, width: sidesOf(io, "dy")[1], padding: turned, out: size };
}

/** The convolution whose weights conv2d_dw differentiates. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
function dwWinogradShape(io: BoundIo<any>): WinogradShape {
  const [filters = 1, channels = 1] = io.shape("dw");
  return { channels, filters, window: sidesOf(io, "dw"), width: sidesOf(io, "x")[1], padding: io.attrs.padding, out: sidesOf(io, "dy") };
}

/** Sums for all weights must stay near a worker. */
const MOST_WEIGHTS = 128 * 128;
/** What a tile costs, in multiply-adds of the direct kernel: those of the products, and transforms; measured at 8 to 32 pixels a side. */
const TILE = { products: 54, channel: 225, filter: 165 } as const;

/** conv2d_dw by Winograd's transforms where these pay: a pure function of shapes but for the batch. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
function dwKernel(io: BoundIo<any>): string {
  const { channels, filters, padding, out } = dwWinogradShape(io);
  const { stride, dilation, groups, kernel } = io.attrs;
  const fits =
    [...stride, ...dilation, groups].every((value) => value === 1) &&
    kernel.every((side: number) => side === 3) &&
    padding.every((pixels) => pixels >= 0 && pixels <= 1) &&
    channels * filters <= MOST_WEIGHTS;
  if (!fits) return "conv2d_dw";
  const tiles = Math.ceil(out[0] / 4) * Math.ceil(out[1] / 4);
  const whole = (count: number): number => 4 * Math.ceil(count / 4);
  const cost = TILE.products * whole(channels) * filters + TILE.channel * whole(channels) + TILE.filter * whole(filters);
  return tiles * cost < 9 * channels * filters * out[0] * out[1] ? "conv2d_dw_winograd" : "conv2d_dw";
}

const gradientLowerings: Readonly<Record<GradientOpName, Lowering | Unsupported>> = {
  conv2d_dx: withWinograd(
    "conv2d_dx",
    { source: "conv2d_dx", scratch: (io) => convBytes(dxWindow(io)), prepared: asPanel },
    dxWinogradShape,
  ),
  conv2d_dw: {
    kernels: {
      conv2d_dw: { source: "conv2d_dw", scratch: (io) => convWeightBytes(windowOf(io, io.shape("dw"), io.shape("dy"))) },
      conv2d_dw_winograd: { source: "conv2d_dw_winograd", scratch: (io) => convWeightWinogradBytes(dwWinogradShape(io)) },
    },
    choose: dwKernel,
  },
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
