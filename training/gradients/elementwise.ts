/** a + b and a · b. Where one b serves the whole batch, its gradient is the sum over the batch. */
import type { GradientIo, GradientRule } from "./rule.ts";

/** The gradient of `slot` out of one for every example. */
export function sumWhereBroadcast(io: GradientIo, slot: string, against: string, gradient: string): string {
  const broadcast = io.shape(slot)[0] === 1 && io.shape(against)[0] !== 1;
  return broadcast ? io.add("batch_sum", `d${slot}`, { x: gradient }) : gradient;
}

export const addGradient: GradientRule = (io, dy) => {
  const gradients: Record<string, string> = {};
  if (io.needs("a")) gradients.a = dy;
  if (io.needs("b")) gradients.b = sumWhereBroadcast(io, "b", "a", dy);
  return gradients;
};

export const mulGradient: GradientRule = (io, dy) => {
  const gradients: Record<string, string> = {};
  if (io.needs("a")) gradients.a = io.add("mul", "da", { a: dy, b: io.value("b") });
  if (io.needs("b")) gradients.b = sumWhereBroadcast(io, "b", "a", io.add("mul", "dyb", { a: dy, b: io.value("a") }));
  return gradients;
};
