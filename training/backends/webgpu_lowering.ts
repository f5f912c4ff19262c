/** How the ops of training graphs run on WebGPU: what inference has, and the gradients, losses and updates. */
import type { Unsupported } from "../../src/backends/unsupported.ts";
import { type GpuKernelSet, type GpuLowering, gpuLowerings } from "../../src/backends/webgpu/lowering.ts";
import { type GradientOpName, trainingOps } from "../ops/index.ts";
import { batchNormGrad, batchNormTrain } from "./webgpu/batch_norm.ts";
import { conv2dDw } from "./webgpu/conv2d_dw.ts";
import { conv2dDx } from "./webgpu/conv2d_dx.ts";
import { linearDw, linearDx } from "./webgpu/linear_grad.ts";
import { crossEntropy, crossEntropyDx, softmaxDx, tally } from "./webgpu/loss.ts";
import { adam, fill, sgd } from "./webgpu/optimizer.ts";
import { avgPoolDx, globalAvgPoolDx, maxPoolDx } from "./webgpu/pool_grad.ts";
import { activationGrad, batchSum, channelSum } from "./webgpu/reduce.ts";

const gradientLowerings: Readonly<Record<GradientOpName, GpuLowering | Unsupported>> = {
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
};

export const trainingGpuKernels: GpuKernelSet = { ops: trainingOps, lowerings: { ...gpuLowerings, ...gradientLowerings } };
