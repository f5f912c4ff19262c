/** Gradients of the pools: each window's dy goes to its first largest pixel (max), or is shared by its pixels (average). `size`: [H, W] of x. */

import type { InferIo } from "../../../src/graph/op.ts";
import { ints } from "../../../src/ops/attrs.ts";
import { defineOp } from "../../../src/ops/define.ts";
import { avgPoolAttrs, avgPoolSlots, globalAvgPoolSlots, planesOf, poolAttrs, poolSlots } from "../../../src/ops/pool.ts";
import { fillWindow } from "../../../src/ops/window.ts";

const size = ints(2, 1);

function inferFromDy(io: InferIo<{ size: readonly number[] }>) {
  const [n = "N", c = 1] = io.dims("dy", 4);
  return { dx: { dtype: "f32", shape: [n, c, ...io.attrs.size] } } as const;
}

export const maxPoolDx = defineOp({
  name: "max_pool_dx",
  inputs: { x: "required", dy: "required" },
  outputs: { dx: "required" },
  attrs: poolAttrs,
  infer(io) {
    io.dims("dy", 4);
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
  infer: inferFromDy,
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
  infer: inferFromDy,
  params: globalAvgPoolSlots,
  fill: (io) => ({ planes: planesOf(io.shape("dx")), hw: (io.attrs.size[0] as number) * (io.attrs.size[1] as number) }),
});
