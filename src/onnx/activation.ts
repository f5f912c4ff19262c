/** Activations with their slopes, and the epilogues of convolutions and linear layers. */
import type { Activation } from "../ops/activation.ts";
import type { OnnxIo, OnnxRule } from "./rule.ts";

/** f(x) for each activation, without its slope. */
const functions: Readonly<Record<Activation, (io: OnnxIo<unknown>, x: string) => string>> = {
  relu: (io, x) => io.op("Relu", [x]),
  relu6: (io, x) => io.op("Clip", [x, io.scalar(0), io.scalar(6)]),
};

/** x · slope[c] */
function rotate(io: OnnxIo<unknown>, x: string): void {
  const slope = io.perChannel("slope");
  if (slope !== undefined) io.op("Mul", [x, slope]);
}

export const activation =
  (name: Activation): OnnxRule =>
  (io) =>
    rotate(io, functions[name](io, io.input("x")));

/** slope · act(y + residual), where residual is the name of a value or "". */
export function epilogue(io: OnnxIo<{ readonly activation: Activation | "none" }>, y: string, residual: string): void {
  const sum = residual === "" ? y : io.op("Add", [y, residual]);
  const { activation } = io.attrs;
  rotate(io, activation === "none" ? sum : functions[activation](io, sum));
}
