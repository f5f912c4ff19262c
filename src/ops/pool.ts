/** Pools over a window of [KH, KW] pixels, and over the whole image. x [N, C, H, W]; channels stay apart. */

import type { Shape } from "../graph/graph.ts";
import type { InferIo } from "../graph/op.ts";
import { SAME } from "../graph/ties.ts";
import { choice, ints } from "./attrs.ts";
import { defineOp, fixed } from "./define.ts";
import { fillWindow, inferWindow, windowAttrs, windowSlots } from "./window.ts";

export const poolAttrs = { kernel: ints(2, 1), ...windowAttrs } as const;
/** planes: examples × channels. */
export const poolSlots = { planes: "i32", ...windowSlots } as const;
export const planesOf = (shape: readonly number[]): number => (shape[0] as number) * (shape[1] as number);
const channels = () => [{ a: ["x", 1], b: ["y", 1], map: SAME }] as const;

type PoolAttrs = { kernel: readonly number[]; stride: readonly number[]; padding: readonly number[] };

/** Shape of the pool of an image `slot` of shape `x`; its gradients check dy by it. */
export function pooledShape(io: InferIo<PoolAttrs>, slot: string, x: Shape): Shape {
  const [n = "N", c = 0, h, w] = x;
  const { kernel, padding } = io.attrs;
  const [top = 0, left = 0, bottom = 0, right = 0] = padding;
  const [kh = 1, kw = 1] = kernel;
  // a window wholly in the padding would have no pixel to take
  if (Math.max(top, bottom) >= kh || Math.max(left, right) >= kw) {
    throw io.fail("E_ATTR", `padding ${padding.join(",")} is as large as the ${kernel.join("×")} window; pad less than the window's size`);
  }
  const [oh, ow] = inferWindow(io, slot, h, w, kernel, io.attrs);
  return [n, c, oh, ow];
}

const inferPool = (io: InferIo<PoolAttrs>) => ({ y: { dtype: "f32", shape: pooledShape(io, "x", io.dims("x", 4)) } }) as const;

/** The largest pixel of each window; padding never wins. A 1×1 window with a stride subsamples. */
export const maxPool = defineOp({
  name: "max_pool",
  inputs: { x: "required" },
  attrs: poolAttrs,
  infer: inferPool,
  params: poolSlots,
  fill: (io) => ({ planes: planesOf(io.shape("x")), ...fillWindow(io.shape("x"), io.shape("y"), io.attrs.kernel, io.attrs) }),
  channels,
});

/** Attribute of average pools: divide by the window's size (PyTorch's default), or by the pixels that are not padding. */
export const avgPoolAttrs = { ...poolAttrs, divisor: choice(["window", "pixels"] as const, "window") } as const;
export const avgPoolSlots = { ...poolSlots, exclude_padding: "i32" } as const;

export const avgPool = defineOp({
  name: "avg_pool",
  inputs: { x: "required" },
  attrs: avgPoolAttrs,
  infer: inferPool,
  params: avgPoolSlots,
  fill: (io) => ({
    planes: planesOf(io.shape("x")),
    ...fillWindow(io.shape("x"), io.shape("y"), io.attrs.kernel, io.attrs),
    exclude_padding: io.attrs.divisor === "pixels" ? 1 : 0,
  }),
  channels,
});

export const globalAvgPoolSlots = { planes: "i32", hw: "i32" } as const;

/** The mean of each channel's pixels: [N, C, H, W] → [N, C, 1, 1]. */
export const globalAvgPool = defineOp({
  name: "global_avg_pool",
  inputs: { x: "required" },
  infer(io) {
    const [n = "N", c = 0, h, w] = io.dims("x", 4);
    fixed(io, "x", h);
    fixed(io, "x", w);
    return { y: { dtype: "f32", shape: [n, c, 1, 1] } };
  },
  params: globalAvgPoolSlots,
  fill: (io) => ({ planes: planesOf(io.shape("x")), hw: (io.shape("x")[2] as number) * (io.shape("x")[3] as number) }),
  channels,
});
