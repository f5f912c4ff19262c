/** Which convolutions have a kernel of their own because their groups read a single channel (`assembly/depthwise.ts`). */
import type { Choice, Io, Kernel } from "./lowering.ts";

/**
 * One channel in all is no such case: a dense kernel reads it once for all filters. Nor are residuals, which hardly ever come after a depthwise convolution,
 * and windows other than the usual ones.
 */
function isDepthwise(io: Io): boolean {
  const [, channels, kh, kw] = io.shape("w");
  const { groups, stride, dilation } = io.attrs;
  const small = kh === 3 && kw === 3 && dilation[0] * dilation[1] === 1 && stride[0] === stride[1] && stride[0] <= 2;
  return channels === 1 && groups > 1 && small && io.node.inputs.residual === undefined;
}

/** `others`, and `conv2d_depthwise` for what they need not be bothered with; it makes do with what any convolution needs of scratch memory. */
export const withDepthwise = (others: Choice, scratch: Kernel["scratch"]): Choice => ({
  kernels: { ...others.kernels, conv2d_depthwise: { source: "depthwise", scratch } },
  choose: (io) => (isDepthwise(io) ? "conv2d_depthwise" : others.choose(io)),
});
