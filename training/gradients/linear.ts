/** linear: dx = dy · w, dw = dyᵀ · x, dbias = Σ dy over the batch. */
import { type GradientRule, refuseEpilogue } from "./rule.ts";

export const linearGradient: GradientRule = (io, dy) => {
  refuseEpilogue(io);
  const gradients: Record<string, string> = {};
  if (io.needs("w")) gradients.w = io.add("linear_dw", "dw", { x: io.value("x"), dy });
  if (io.needs("bias")) gradients.bias = io.add("channel_sum", "dbias", { x: dy });
  if (io.needs("x")) gradients.x = io.add("linear_dx", "dx", { w: io.value("w"), dy });
  return gradients;
};
