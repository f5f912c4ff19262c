/** Which convolutions have a kernel of their own because their groups read a single channel (`assembly/depthwise.ts`). */
import type { Choice, Io, Kernel } from "./lowering.ts";

/**
 * One channel in all is no such case: a dense kernel reads it once for all filters. Nor are columns further apart, which it would have to collect, and
 * residuals, which hardly ever come after a depthwise convolution.
 */
const isDepthwise = (io: Io): boolean =>
  io.shape("w")[1] === 1 && io.attrs.groups > 1 && io.attrs.stride[1] <= 2 && io.node.inputs.residual === undefined;

/** `others`, and `conv2d_depthwise` for what they need not be bothered with; it makes do with what any convolution needs of scratch memory. */
export const withDepthwise = (others: Choice, scratch: Kernel["scratch"]): Choice => ({
  kernels: { ...others.kernels, conv2d_depthwise: { source: "depthwise", scratch } },
  choose: (io) => (isDepthwise(io) ? "conv2d_depthwise" : others.choose(io)),
});
