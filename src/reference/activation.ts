/** y = slope[c] · f(x) */
import { type Activation, forActivations } from "../ops/activation.ts";
import { at, eachElement, type ReferenceIo, type ReferenceKernel } from "./kernel.ts";

export const activations: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
};

function activation(f: (x: number) => number): ReferenceKernel {
  return (io) => {
    const x = io.input("x");
    const slope = io.has("slope") ? io.input("slope") : undefined;
    const y = io.output("y");
    eachElement(io.shape("x"), (i, c) => {
      y[i] = (slope ? at(slope, c) : 1) * f(at(x, i));
    });
  };
}

export const activationKernels = forActivations((name) => activation(activations[name]));

/**
 * What convolution and linear do with their sums: y = slope[c] · f(y + bias[c] + residual), each where it is given. With `scatter`, number k of the
 * bias belongs to channel scatter[k].
 */
export function epilogue(io: ReferenceIo<{ readonly activation: Activation | "none" }>, scatter: readonly number[] = []): void {
  const y = io.output("y");
  const f = io.attrs.activation === "none" ? (x: number) => x : activations[io.attrs.activation];
  const bias = io.has("bias") ? io.input("bias") : undefined;
  const residual = io.has("residual") ? io.input("residual") : undefined;
  const slope = io.has("slope") ? io.input("slope") : undefined;
  const biasOf = (c: number): number => bias?.[scatter.length === 0 ? c : scatter.indexOf(c)] ?? 0;
  eachElement(io.shape("y"), (i, c) => {
    const sum = at(y, i) + biasOf(c) + (residual ? at(residual, i) : 0);
    y[i] = (slope ? at(slope, c) : 1) * f(sum);
  });
}
