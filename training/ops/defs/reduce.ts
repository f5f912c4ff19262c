/** Sums that gradients need: over everything but the channel (biases), and over the batch (what one tensor added to every example gets back). */

import { sizeOf } from "../../../src/graph/graph.ts";
import { channelsOf, channelView } from "../../../src/ops/activation.ts";
import { defineOp } from "../../../src/ops/define.ts";

/** `y[c] = Σ_{n,pixels} x[n,c,…]` */
export const channelSum = defineOp({
  name: "channel_sum",
  inputs: { x: "required" },
  infer: (io) => ({ y: { dtype: "f32", shape: [channelsOf(io, "x")] } }),
  params: { n: "i32", c: "i32", hw: "i32" },
  fill: (io) => channelView(io.shape("x")),
});

/** `y[0,…] = Σ_n x[n,…]` */
export const batchSum = defineOp({
  name: "batch_sum",
  inputs: { x: "required" },
  infer: (io) => ({ y: { dtype: "f32", shape: [1, ...io.type("x").shape.slice(1)] } }),
  params: { n: "i32", size: "i32" },
  fill: (io) => ({ n: io.shape("x")[0] as number, size: sizeOf(io.shape("x").slice(1)) }),
});
