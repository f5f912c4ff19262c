/** Gradients of the pools: each window's dy goes to its first largest pixel (max), or is shared by its pixels (average). `size`: [H, W] of x. */

import type { Shape } from "../../../src/graph/graph.ts";
import type { InferIo } from "../../../src/graph/op.ts";
import { ints } from "../../../src/ops/attrs.ts";
import { defineOp } from "../../../src/ops/define.ts";
import { avgPoolAttrs, avgPoolSlots, globalAvgPoolSlots, planesOf, poolAttrs, pooledShape, poolSlots } from "../../../src/ops/pool.ts";
import { fillWindow } from "../../../src/ops/window.ts";

const size = ints(2, 1);

/** The shape of dx, which only dy and `size` say. */
function shapeOfDx(io: InferIo<{ size: readonly number[] }>): Shape {
  const [n = "N", c = 1] = io.dims("dy", 4);
  return [n, c, ...io.attrs.size];
}

export const maxPoolDx = defineOp({
  name: "max_pool_dx",
  inputs: { x: "required", dy: "required" },
  outputs: { dx: "required" },
  attrs: poolAttrs,
  infer(io) {
    io.expect("dy", pooledShape(io, "x", io.dims("x", 4)), "the output of the pool");
    return { dx: io.type("x") };
  },
  params: poolSlots,
  fill: (io) => ({ planes: planesOf(io.shape("x")), ...fillWindow(io.shape("x"), io.shape("dy"), io.attrs.kernel, io.attrs) }),
});

export const avgPoolDx = defineOp({
  name: "avg_pool_dx",
  inputs: { dy: "required" },
  outputs: { dx: "required" },
  attrs: { ...avgPoolAttrs, size },
  infer(io) {
    const shape = shapeOfDx(io);
    io.expect("dy", pooledShape(io, "dx", shape), "the output of the pool of an image of this size");
    return { dx: { dtype: "f32", shape } };
  },
  params: avgPoolSlots,
  fill: (io) => ({
    planes: planesOf(io.shape("dx")),
    ...fillWindow(io.shape("dx"), io.shape("dy"), io.attrs.kernel, io.attrs),
    exclude_padding: io.attrs.divisor === "pixels" ? 1 : 0,
  }),
});

export const globalAvgPoolDx = defineOp({
  name: "global_avg_pool_dx",
  inputs: { dy: "required" },
  outputs: { dx: "required" },
  attrs: { size },
  infer(io) {
    const shape = shapeOfDx(io);
    io.expect("dy", [...shape.slice(0, 2), 1, 1], "one pixel per channel");
    return { dx: { dtype: "f32", shape } };
  },
  params: globalAvgPoolSlots,
  fill: (io) => ({ planes: planesOf(io.shape("dx")), hw: (io.attrs.size[0] as number) * (io.attrs.size[1] as number) }),
});
