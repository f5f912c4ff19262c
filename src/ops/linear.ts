/**
 * Matrix product with epilogue: `y[n,o] = slope[o] · act( bias[o] + residual[n,o] + Σ_i x[n,i] · w[o,i] )`.
 * x [N, in], w [out, in] (PyTorch's layout).
 */

import { SAME } from "../graph/ties.ts";
import { activationCode, epilogueActivation } from "./activation.ts";
import { defineOp, fixed } from "./define.ts";

export const linearSlots = { n: "i32", cin: "i32", cout: "i32" } as const;

export function fillLinear(x: readonly number[], w: readonly number[]) {
  return { n: x[0] as number, cin: w[1] as number, cout: w[0] as number };
}

export const linear = defineOp({
  name: "linear",
  inputs: { x: "required", w: "required", bias: "optional", slope: "optional", residual: "optional" },
  attrs: { activation: epilogueActivation },
  infer(io) {
    const x = io.dims("x", 2);
    const [cout = 0, cin = 0] = io.dims("w", 2).map((dim) => fixed(io, "w", dim));
    if (x[1] !== cin) throw io.fail("E_CHANNELS", `x has ${x[1]} features, w expects ${cin}; flatten x, or change w`);
    const shape = [x[0] ?? "N", cout];
    io.expect("bias", [cout], "one bias per output");
    io.expect("slope", [cout], "one slope per output");
    io.expect("residual", shape, "the shape of the output");
    return { y: { dtype: "f32", shape } };
  },
  macs: (io) => (io.shape("x")[0] as number) * (io.shape("w")[0] as number) * (io.shape("w")[1] as number),
  params: { ...linearSlots, fn: "i32" },
  fill: (io) => ({ ...fillLinear(io.shape("x"), io.shape("w")), fn: activationCode(io.attrs.activation) }),
  channels: () => [
    { a: ["x", 1], b: ["w", 1], map: SAME },
    { a: ["y", 1], b: ["w", 0], map: SAME },
    { a: ["y", 1], b: ["bias", 0], map: SAME },
    { a: ["y", 1], b: ["slope", 0], map: SAME },
    { a: ["residual", 1], b: ["y", 1], map: SAME },
  ],
});
