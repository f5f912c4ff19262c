/** y = slope[c] · f(x) */
import { type Activation, forActivations } from "../ops/activation.ts";
import { asChannels, at, eachElement, type ReferenceIo, type ReferenceKernel } from "./kernel.ts";

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
 * bias belongs to channel scatter[k]; with `shortcut`, channel c adds channel shortcut[c] of residual, or none where that is −1.
 */
export function epilogue(
  io: ReferenceIo<{ readonly activation: Activation | "none" }>,
  { scatter = [], shortcut = [] }: { readonly scatter?: readonly number[]; readonly shortcut?: readonly number[] } = {},
): void {
  const y = io.output("y");
  const f = io.attrs.activation === "none" ? (x: number) => x : activations[io.attrs.activation];
  const bias = io.has("bias") ? io.input("bias") : undefined;
  const residual = io.has("residual") ? io.input("residual") : undefined;
  const slope = io.has("slope") ? io.input("slope") : undefined;
  const biasOf = (c: number): number => bias?.[scatter.length === 0 ? c : scatter.indexOf(c)] ?? 0;
  const [, channels, pixels] = asChannels(io.shape("y"));
  const added = residual ? asChannels(io.shape("residual"))[1] : 0;
  /** Element i of y, of its channel c, has this place in residual. */
  const placeOf = (i: number, c: number): number => {
    const from = shortcut.length === 0 ? c : (shortcut[c] as number);
    return from < 0 ? -1 : (Math.floor(i / pixels / channels) * added + from) * pixels + (i % pixels);
  };
  eachElement(io.shape("y"), (i, c) => {
    const sum = at(y, i) + biasOf(c) + (residual?.[placeOf(i, c)] ?? 0);
    y[i] = (slope ? at(slope, c) : 1) * f(sum);
  });
}
