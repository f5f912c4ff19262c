/** The reference kernel of every op of training graphs. An op without one does not compile. */
import { ReferenceBackend, type ReferenceKernel, reference } from "../../src/reference/index.ts";
import { type TrainingOpName, trainingOps } from "../ops/index.ts";
import { activationGrad } from "./activation_grad.ts";
import { batchNormGrad, batchNormTrain } from "./batch_norm_train.ts";
import { conv2dDw, conv2dDx } from "./conv2d_grad.ts";
import { linearDw, linearDx } from "./linear_grad.ts";
import { crossEntropy, crossEntropyDx, fill, softmaxDx, tally } from "./loss.ts";
import { adam, sgd } from "./optimizer.ts";
import { avgPoolDx, globalAvgPoolDx, maxPoolDx } from "./pool_grad.ts";
import { batchSum, channelSum } from "./reduce.ts";

export const trainingReference: Readonly<Record<TrainingOpName, ReferenceKernel>> = {
  ...reference,
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

/** A reference backend that runs training graphs (and any other). */
export function referenceTrainingBackend(): ReferenceBackend {
  return new ReferenceBackend(trainingOps, trainingReference);
}
