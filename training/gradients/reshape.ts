/** flatten and reshape: dy in the shape of x. */
import type { GradientRule } from "./rule.ts";

export const reshapeGradient: GradientRule = (io, dy) => ({
  x: io.add("reshape", "dx", { x: dy }, { shape: io.shape("x").slice(1) as number[] }),
});
