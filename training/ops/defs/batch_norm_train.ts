/**
 * Batch normalisation with the batch's own statistics, and the gradient of both kinds. x [N, C, H, W] or [N, C]; sums run over m = N·H·W.
 *
 * `batch_norm_train`: mean[c] = Σ x / m, var[c] = Σ (x − mean)² / m (biased), y = gamma · (x − mean) / √(var + eps) + beta; the running
 * statistics move by `momentum` towards mean and the unbiased var · m / (m − 1), as in PyTorch.
 *
 * `batch_norm_grad`, with x̂ = (x − mean) / √(var + eps): dgamma = Σ dy · x̂, dbeta = Σ dy, and
 * dx = gamma / √(var + eps) · (dy − (dbeta + x̂ · dgamma) / m), or without the second term where `frozen` (statistics that do not depend on x).
 */

import type { Shape } from "../../../src/graph/graph.ts";
import { channelsOf, channelView } from "../../../src/ops/activation.ts";
import { flag, float } from "../../../src/ops/attrs.ts";
import { BATCH_NORM_PARAMS, batchNormAttrs } from "../../../src/ops/batch_norm.ts";
import { defineOp } from "../../../src/ops/define.ts";

const perChannel = (channels: number) => ({ dtype: "f32", shape: [channels] as Shape }) as const;

export const batchNormTrain = defineOp({
  name: "batch_norm_train",
  inputs: { x: "required", gamma: "required", beta: "required", running_mean: "required", running_var: "required" },
  outputs: { y: "required", mean: "required", var: "required", next_mean: "required", next_var: "required" },
  attrs: { ...batchNormAttrs, momentum: float(0, 0.1) },
  shares: { next_mean: "running_mean", next_var: "running_var" },
  updates: true,
  infer(io) {
    const channels = channelsOf(io, "x");
    for (const slot of ["gamma", "beta", "running_mean", "running_var"]) io.expect(slot, [channels], "one number per channel of x");
    const stats = perChannel(channels);
    return { y: io.type("x"), mean: stats, var: stats, next_mean: stats, next_var: stats };
  },
  params: { n: "i32", c: "i32", hw: "i32", eps: "f32", momentum: "f32" },
  fill: (io) => ({ ...channelView(io.shape("x")), eps: io.attrs.eps, momentum: io.attrs.momentum }),
});

export const batchNormGrad = defineOp({
  name: "batch_norm_grad",
  inputs: { x: "required", dy: "required", gamma: "required", mean: "required", var: "required" },
  outputs: { dx: "required", dgamma: "required", dbeta: "required" },
  attrs: { ...batchNormAttrs, frozen: flag(false) },
  infer(io) {
    const channels = channelsOf(io, "x");
    for (const slot of BATCH_NORM_PARAMS) io.expect(slot, [channels], "one number per channel of x");
    io.expect("dy", io.type("x").shape, "the shape of x");
    return { dx: io.type("x"), dgamma: perChannel(channels), dbeta: perChannel(channels) };
  },
  params: { n: "i32", c: "i32", hw: "i32", eps: "f32", frozen: "i32" },
  fill: (io) => ({ ...channelView(io.shape("x")), eps: io.attrs.eps, frozen: io.attrs.frozen ? 1 : 0 }),
});
