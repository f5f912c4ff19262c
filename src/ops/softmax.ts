/** `y[n,c] = exp(x[n,c]) / Σ_k exp(x[n,k])`, computed from x − max(x). x [N, C]. Every class reads every other: nothing here can be cut. */
import { defineOp } from "./define.ts";

export const softmaxSlots = { n: "i32", c: "i32" } as const;

export const softmax = defineOp({
  name: "softmax",
  inputs: { x: "required" },
  infer(io) {
    io.dims("x", 2);
    return { y: io.type("x") };
  },
  params: softmaxSlots,
  fill: (io) => ({ n: io.shape("x")[0] as number, c: io.shape("x")[1] as number }),
});
