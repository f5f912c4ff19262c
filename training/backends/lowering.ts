/** How the ops of training graphs run on Wasm: a superset of the inference kernels, in a module of its own. */
import { type KernelSet, type Lowering, lowerings, panelBytes, poolBytes, type Unsupported } from "../../src/backends/wasm/lowering.ts";
import type { BoundIo } from "../../src/graph/op.ts";
import { type GradientOpName, trainingOps } from "../ops/index.ts";

const product = (dims: readonly number[]): number => dims.reduce((all, dim) => all * dim, 1);

/** Rows of the panels that a convolution's gradients unfold: dy's taps for dx, x's for dw, of one group each. */
// biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined
const dxTaps = (io: BoundIo<any>): number => {
  const [cout = 1, , kh = 1, kw = 1] = io.shape("w");
  return (cout / io.attrs.groups) * kh * kw;
};
// biome-ignore lint/suspicious/noExplicitAny: see above
const dwTaps = (io: BoundIo<any>): number => product(io.shape("dw").slice(1));

const gradientLowerings: Readonly<Record<GradientOpName, Lowering | Unsupported>> = {
  conv2d_dx: { source: "conv2d_dx", scratch: (io) => panelBytes(dxTaps(io)) },
  conv2d_dw: { source: "conv2d_dw", scratch: (io) => panelBytes(dwTaps(io)) },
  linear_dx: { source: "linear_grad" },
  linear_dw: { source: "linear_grad" },
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
