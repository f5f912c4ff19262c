/**
 * Classification losses. logits [N, K] f32, labels [N] i32 in 0 … K−1.
 * With label smoothing s the target is q[k] = (1 − s)·[k = label] + s/K, and loss = −(1/N) Σ_n Σ_k q[k] · log softmax(logits[n])[k]: PyTorch's cross entropy.
 */

import type { InferIo } from "../../../src/graph/op.ts";
import { float, int } from "../../../src/ops/attrs.ts";
import { defineOp } from "../../../src/ops/define.ts";
import { softmaxSlots } from "../../../src/ops/softmax.ts";

const lossAttrs = { label_smoothing: float(0, 0) } as const;
const lossParams = { ...softmaxSlots, label_smoothing: "f32" } as const;

function checkLabels(io: InferIo<unknown>): void {
  const [n = "N"] = io.dims("logits", 2);
  io.expect("labels", [n], "one label per example");
  if (io.type("labels").dtype !== "i32") throw io.fail("E_SHAPE", "labels must be i32");
}

export const crossEntropy = defineOp({
  name: "cross_entropy",
  inputs: { logits: "required", labels: "required" },
  integers: ["labels"],
  attrs: lossAttrs,
  infer(io) {
    checkLabels(io);
    return { y: { dtype: "f32", shape: [1] } };
  },
  params: lossParams,
  fill: (io) => ({ n: io.shape("logits")[0] as number, c: io.shape("logits")[1] as number, label_smoothing: io.attrs.label_smoothing }),
});

/** `dx[n,k] = dy · (softmax(logits[n])[k] − q[k]) / N` */
export const crossEntropyDx = defineOp({
  name: "cross_entropy_dx",
  inputs: { logits: "required", labels: "required", dy: "required" },
  integers: ["labels"],
  outputs: { dx: "required" },
  attrs: lossAttrs,
  infer(io) {
    checkLabels(io);
    io.expect("dy", [1], "the gradient of the loss");
    return { dx: io.type("logits") };
  },
  params: lossParams,
  fill: (io) => ({ n: io.shape("logits")[0] as number, c: io.shape("logits")[1] as number, label_smoothing: io.attrs.label_smoothing }),
});

/** `dx[n,c] = y[n,c] · (dy[n,c] − Σ_k dy[n,k] · y[n,k])` */
export const softmaxDx = defineOp({
  name: "softmax_dx",
  inputs: { y: "required", dy: "required" },
  outputs: { dx: "required" },
  infer(io) {
    io.dims("y", 2);
    io.expect("dy", io.type("y").shape, "the shape of y");
    return { dx: io.type("y") };
  },
  params: softmaxSlots,
  fill: (io) => ({ n: io.shape("y")[0] as number, c: io.shape("y")[1] as number }),
});

/**
 * Adds a step's loss and hits to `totals` = [Σ loss · N, correct predictions, examples], so that they are read every few steps and not each.
 * A prediction is the first largest logit.
 */
export const tally = defineOp({
  name: "tally",
  inputs: { loss: "required", logits: "required", labels: "required", totals: "required" },
  integers: ["labels"],
  outputs: { next: "required" },
  shares: { next: "totals" },
  updates: true,
  infer(io) {
    checkLabels(io);
    io.expect("loss", [1], "the mean loss of the batch");
    io.expect("totals", [3], "loss, hits and examples");
    return { next: io.type("totals") };
  },
  params: softmaxSlots,
  fill: (io) => ({ n: io.shape("logits")[0] as number, c: io.shape("logits")[1] as number }),
});

/** `value` everywhere: the gradient of the loss with respect to itself. */
export const fill = defineOp({
  name: "fill",
  inputs: {},
  attrs: { value: float(Number.NEGATIVE_INFINITY), size: int(1) },
  infer: (io) => ({ y: { dtype: "f32", shape: [io.attrs.size] } }),
  params: { size: "i32", value: "f32" },
  fill: (io) => ({ size: io.attrs.size, value: io.attrs.value }),
});
