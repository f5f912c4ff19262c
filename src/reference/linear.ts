/** y[n,o] = slope[o] · act(bias[o] + residual[n,o] + Σ_i x[n,i] · w[o,i]) */
import type { Activation } from "../ops/activation.ts";
import { epilogue } from "./activation.ts";
import { at, type ReferenceIo } from "./kernel.ts";

export function linear(io: ReferenceIo<{ readonly activation: Activation | "none" }>): void {
  const x = io.input("x");
  const w = io.input("w");
  const y = io.output("y");
  const [examples = 1, inputs = 1] = io.shape("x");
  const [outputs = 1] = io.shape("w");
  for (let n = 0; n < examples; n++) {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) sum += at(x, n * inputs + i) * at(w, o * inputs + i);
      y[n * outputs + o] = sum;
    }
  }
  epilogue(io);
}
