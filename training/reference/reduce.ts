/** y[c] = Σ_{n,pixels} x[n,c,…] and y[0,…] = Σ_n x[n,…] */
import { at, eachElement, type ReferenceIo } from "../../src/reference/kernel.ts";

export function channelSum(io: ReferenceIo<unknown>): void {
  const x = io.input("x");
  const y = io.output("y");
  eachElement(io.shape("x"), (i, c) => {
    y[c] = at(y, c) + at(x, i);
  });
}

export function batchSum(io: ReferenceIo<unknown>): void {
  const x = io.input("x");
  const y = io.output("y");
  for (let i = 0; i < x.length; i++) y[i % y.length] = at(y, i % y.length) + at(x, i);
}
