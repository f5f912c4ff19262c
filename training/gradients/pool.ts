/** Pools: dy goes to the first largest pixel of its window, or is shared by the window's pixels. */
import { type GradientRule, imageSize, pickAttrs } from "./rule.ts";

export const maxPoolGradient: GradientRule = (io, dy) => ({
  x: io.add("max_pool_dx", "dx", { x: io.value("x"), dy }, pickAttrs(io, "kernel", "stride", "padding")),
});

export const avgPoolGradient: GradientRule = (io, dy) => ({
  x: io.add("avg_pool_dx", "dx", { dy }, { ...pickAttrs(io, "kernel", "stride", "padding", "divisor"), size: imageSize(io, "x") }),
});

export const globalAvgPoolGradient: GradientRule = (io, dy) => ({
  x: io.add("global_avg_pool_dx", "dx", { dy }, { size: imageSize(io, "x") }),
});
