/** dx = slope[c] · f'(x) · dy and dslope[c] = Σ f(x) · dy */
import type { Activation } from "../../src/ops/activation.ts";
import { activations } from "../../src/reference/activation.ts";
import { at, eachElement, type ReferenceIo } from "../../src/reference/kernel.ts";

/** f'(x), 0 at the kinks. */
const derivatives: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => (x > 0 ? 1 : 0),
  relu6: (x) => (x > 0 && x < 6 ? 1 : 0),
};

export function activationGrad(io: ReferenceIo<{ readonly fn: Activation }>): void {
  const f = activations[io.attrs.fn];
  const df = derivatives[io.attrs.fn];
  const x = io.input("x");
  const dy = io.input("dy");
  const slope = io.has("slope") ? io.input("slope") : undefined;
  const dslope = io.has("dslope") ? io.output("dslope") : undefined;
  const dx = io.output("dx");
  eachElement(io.shape("x"), (i, c) => {
    dx[i] = (slope ? at(slope, c) : 1) * df(at(x, i)) * at(dy, i);
    if (dslope) dslope[c] = at(dslope, c) + f(at(x, i)) * at(dy, i);
  });
}
