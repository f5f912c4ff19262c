/** How the ops of training graphs run on WebGPU: what inference has, and the gradients, losses and updates. */
import { type Unsupported, unsupported } from "../../src/backends/unsupported.ts";
import { type GpuKernelSet, type GpuLowering, gpuLowerings } from "../../src/backends/webgpu/lowering.ts";
import { type GradientOpName, trainingOps } from "../ops/index.ts";

const later = unsupported("its shader is not written yet");

const gradientLowerings: Readonly<Record<GradientOpName, GpuLowering | Unsupported>> = {
  conv2d_dx: later,
  conv2d_dw: later,
  linear_dx: later,
  linear_dw: later,
  channel_sum: later,
  batch_sum: later,
  batch_norm_train: later,
  batch_norm_grad: later,
  activation_grad: later,
  max_pool_dx: later,
  avg_pool_dx: later,
  global_avg_pool_dx: later,
  softmax_dx: later,
  cross_entropy: later,
  cross_entropy_dx: later,
  tally: later,
  fill: later,
  sgd: later,
  adam: later,
};

export const trainingGpuKernels: GpuKernelSet = { ops: trainingOps, lowerings: { ...gpuLowerings, ...gradientLowerings } };
