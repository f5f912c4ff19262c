/**
 * Batch normalisation with the running statistics (inference): `y = gamma[c] · (x − mean[c]) / √(var[c] + eps) + beta[c]`.
 * x [N, C, H, W] or [N, C]. Training graphs replace it by `batch_norm_train`.
 */

import { SAME } from "../graph/ties.ts";
import { channelsOf, channelView } from "./activation.ts";
import { float } from "./attrs.ts";
import { defineOp } from "./define.ts";

export const batchNormAttrs = { eps: float(0, 1e-5) } as const;
/** The parameters and statistics of a batch norm, one number per channel each. */
export const BATCH_NORM_PARAMS = ["gamma", "beta", "mean", "var"] as const;

export const batchNorm = defineOp({
  name: "batch_norm",
  inputs: { x: "required", gamma: "required", beta: "required", mean: "required", var: "required" },
  attrs: batchNormAttrs,
  infer(io) {
    const channels = channelsOf(io, "x");
    for (const slot of BATCH_NORM_PARAMS) io.expect(slot, [channels], "one number per channel of x");
    return { y: io.type("x") };
  },
  params: { n: "i32", c: "i32", hw: "i32", eps: "f32" },
  fill: (io) => ({ ...channelView(io.shape("x")), eps: io.attrs.eps }),
  channels: () => [
    { a: ["x", 1], b: ["y", 1], map: SAME },
    ...BATCH_NORM_PARAMS.map((slot) => ({ a: ["y", 1], b: [slot, 0], map: SAME }) as const),
  ],
});
