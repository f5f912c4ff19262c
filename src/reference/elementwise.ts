/** y = a ∘ b, where b may be one example for the whole batch. */
import { at, type ReferenceKernel } from "./kernel.ts";

function elementwise(f: (a: number, b: number) => number): ReferenceKernel {
  return (io) => {
    const a = io.input("a");
    const b = io.input("b");
    const y = io.output("y");
    // a single example of b starts again with each example of a
    for (let i = 0; i < y.length; i++) y[i] = f(at(a, i), at(b, i % b.length));
  };
}

export const add = elementwise((a, b) => a + b);
export const mul = elementwise((a, b) => a * b);
