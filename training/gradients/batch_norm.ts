/** Batch norm with the batch's statistics (training), and with running ones, which do not depend on x (attacks on a trained network). */
import { type GradientIo, type GradientRule, pickAttrs } from "./rule.ts";

function batchNormGradient(io: GradientIo, dy: string, frozen: boolean): Readonly<Record<string, string>> {
  if (!["x", "gamma", "beta"].some((slot) => io.needs(slot))) return {};
  const inputs = { x: io.value("x"), dy, gamma: io.value("gamma"), mean: io.value("mean"), var: io.value("var") };
  const { dx, dgamma, dbeta } = io.emit("batch_norm_grad", "grad", inputs, { ...pickAttrs(io, "eps"), frozen }) as Record<string, string>;
  return { x: dx as string, gamma: dgamma as string, beta: dbeta as string };
}

/** The running statistics get no gradient. */
export const frozenBatchNormGradient: GradientRule = (io, dy) => batchNormGradient(io, dy, true);
/** Through the batch's mean and variance too; its other outputs are not differentiated. */
export const trainBatchNormGradient: GradientRule = (io, dy) => batchNormGradient(io, dy, false);
