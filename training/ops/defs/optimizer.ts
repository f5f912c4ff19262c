/**
 * Optimizer updates: one node per block of parameters, in place. All rates come in as `hyper`, a small f32 tensor that the schedule writes
 * before each step, so that they are no part of the graph.
 *
 * L1 of strength `l1` on the parameters is a subgradient (`g += l1 · sign(p)`), or where `proximal` a soft threshold after the update:
 * `p = sign(p) · max(0, |p| − rate · l1)`, which reaches exact zeros.
 */

import { sizeOf } from "../../../src/graph/graph.ts";
import type { InferIo } from "../../../src/graph/op.ts";
import { flag } from "../../../src/ops/attrs.ts";
import { defineOp } from "../../../src/ops/define.ts";

/** Order of the numbers in `hyper` for each optimizer. */
export const SGD_HYPER = ["rate", "momentum", "weight_decay", "l1"] as const;
/** correction1 = 1 − β1^t, correction2 = 1 − β2^t, computed in float64 by the schedule. */
export const ADAM_HYPER = ["rate", "beta1", "beta2", "eps", "weight_decay", "l1", "correction1", "correction2"] as const;

function inferUpdate(io: InferIo<unknown>, moments: readonly string[], hyper: readonly string[]) {
  const param = io.type("param");
  for (const slot of ["grad", ...moments]) io.expect(slot, param.shape, "the shape of param");
  io.expect("hyper", [hyper.length], hyper.join(", "));
  return Object.fromEntries(["param", ...moments].map((slot) => [`next_${slot}`, param]));
}

/**
 * PyTorch's SGD: g = grad + weight_decay · p (+ l1 · sign p); v = momentum · v + g; p −= rate · (nesterov ? g + momentum · v : v).
 * v starts at zero, which makes the first step PyTorch's (dampening 0).
 */
export const sgd = defineOp({
  name: "sgd",
  inputs: { param: "required", grad: "required", velocity: "required", hyper: "required" },
  outputs: { next_param: "required", next_velocity: "required" },
  attrs: { nesterov: flag(false), proximal: flag(false) },
  shares: { next_param: "param", next_velocity: "velocity" },
  updates: true,
  infer: (io) => inferUpdate(io, ["velocity"], SGD_HYPER),
  params: { size: "i32", nesterov: "i32", proximal: "i32" },
  fill: (io) => ({ size: sizeOf(io.shape("param")), nesterov: io.attrs.nesterov ? 1 : 0, proximal: io.attrs.proximal ? 1 : 0 }),
});

/**
 * PyTorch's Adam, and AdamW where `decoupled`: m = β1·m + (1−β1)·g; v = β2·v + (1−β2)·g²;
 * p −= rate · (m / correction1) / (√(v / correction2) + eps); decoupled: p −= rate · weight_decay · p first, else g += weight_decay · p.
 */
export const adam = defineOp({
  name: "adam",
  inputs: { param: "required", grad: "required", m: "required", v: "required", hyper: "required" },
  outputs: { next_param: "required", next_m: "required", next_v: "required" },
  attrs: { decoupled: flag(false), proximal: flag(false) },
  shares: { next_param: "param", next_m: "m", next_v: "v" },
  updates: true,
  infer: (io) => inferUpdate(io, ["m", "v"], ADAM_HYPER),
  params: { size: "i32", decoupled: "i32", proximal: "i32" },
  fill: (io) => ({ size: sizeOf(io.shape("param")), decoupled: io.attrs.decoupled ? 1 : 0, proximal: io.attrs.proximal ? 1 : 0 }),
});
