/** y = slope[c] · f(x): dx = slope[c] · f'(x) · dy, and dslope[c] = Σ f(x) · dy where it is asked for. */
import type { GradientRule } from "./rule.ts";

export const activationGradient: GradientRule = (io, dy) => {
  const slope = io.has("slope") ? { slope: io.value("slope") } : undefined;
  const outputs = io.needs("slope") ? ["dx", "dslope"] : ["dx"];
  const { dx, dslope } = io.emit("activation_grad", "grad", { x: io.value("x"), dy, ...slope }, { fn: io.node.op }, outputs);
  return { x: dx as string, ...(dslope === undefined ? undefined : { slope: dslope }) };
};
