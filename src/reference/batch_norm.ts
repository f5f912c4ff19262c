/** y = gamma[c] · (x − mean[c]) / √(var[c] + eps) + beta[c] */
import { at, eachElement, type ReferenceIo } from "./kernel.ts";

export function batchNorm(io: ReferenceIo<{ readonly eps: number }>): void {
  const x = io.input("x");
  const gamma = io.input("gamma");
  const beta = io.input("beta");
  const mean = io.input("mean");
  const variance = io.input("var");
  const y = io.output("y");
  eachElement(io.shape("x"), (i, c) => {
    y[i] = (at(gamma, c) * (at(x, i) - at(mean, c))) / Math.sqrt(at(variance, c) + io.attrs.eps) + at(beta, c);
  });
}
