/** conv2d: dx = dy ⋆ flipped w, dw = x ⋆ dy, dbias = Σ dy over batch and pixels. */
import { type GradientRule, imageSize, pickAttrs, refuseEpilogue } from "./rule.ts";

export const conv2dGradient: GradientRule = (io, dy) => {
  refuseEpilogue(io);
  const window = pickAttrs(io, "stride", "padding", "dilation", "groups");
  const gradients: Record<string, string> = {};
  if (io.needs("w")) gradients.w = io.add("conv2d_dw", "dw", { x: io.value("x"), dy }, { ...window, kernel: imageSize(io, "w") });
  if (io.needs("bias")) gradients.bias = io.add("channel_sum", "dbias", { x: dy });
  if (io.needs("x")) gradients.x = io.add("conv2d_dx", "dx", { w: io.value("w"), dy }, { ...window, size: imageSize(io, "x") });
  return gradients;
};
