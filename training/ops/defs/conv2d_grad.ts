/**
 * Gradients of conv2d, in the notation of `src/ops/conv2d.ts`:
 * `dx[n,c,y,x] = Σ dy[n,o,i,j] · w[o,c',p,q]` over all (o,i,j,p,q) whose window tap (p,q) at (i,j) reads pixel (y,x), and
 * `dw[o,c',p,q] = Σ_{n,i,j} dy[n,o,i,j] · x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw]`.
 */
import { ints } from "../../../src/ops/attrs.ts";
import { checkConvChannels, convAttrs, convMacs, convSlots, fillConv } from "../../../src/ops/conv2d.ts";
import { defineOp } from "../../../src/ops/define.ts";
import { inferWindow } from "../../../src/ops/window.ts";

/** `size`: height and width of x, which the stride's rounding hides from dy. */
export const conv2dDx = defineOp({
  name: "conv2d_dx",
  inputs: { w: "required", dy: "required" },
  outputs: { dx: "required" },
  attrs: { ...convAttrs, size: ints(2, 1) },
  infer(io) {
    const [n = "N", cout] = io.dims("dy", 4);
    const w = io.dims("w", 4);
    if (cout !== w[0]) throw io.fail("E_CHANNELS", `dy has ${cout} channels, w has ${w[0]} filters; they must be equal`);
    const shape = [n, (w[1] as number) * io.attrs.groups, ...io.attrs.size];
    checkConvChannels(io, shape, w, io.attrs.groups);
    const [oh, ow] = inferWindow(io, "dx", io.attrs.size[0], io.attrs.size[1], w.slice(2) as number[], io.attrs);
    io.expect("dy", [n, cout ?? 1, oh, ow], "the output of the convolution of an image of this size");
    return { dx: { dtype: "f32", shape } };
  },
  macs: (io) => convMacs(io.shape("w"), io.shape("dy")),
  params: convSlots,
  fill: (io) => fillConv(io.shape("dx"), io.shape("w"), io.shape("dy"), io.attrs),
});

/** `kernel`: [KH, KW] of w. */
export const conv2dDw = defineOp({
  name: "conv2d_dw",
  inputs: { x: "required", dy: "required" },
  outputs: { dw: "required" },
  attrs: { ...convAttrs, kernel: ints(2, 1) },
  infer(io) {
    const [n = "N", cin, h, w] = io.dims("x", 4);
    const [, cout] = io.dims("dy", 4);
    const { groups, kernel } = io.attrs;
    if ((cin as number) % groups !== 0) {
      throw io.fail("E_CHANNELS", `x has ${cin} channels, which do not divide into ${groups} groups; take a multiple of ${groups}`);
    }
    const shape = [cout as number, (cin as number) / groups, ...kernel];
    checkConvChannels(io, [n, cin as number], shape, groups);
    const [oh, ow] = inferWindow(io, "x", h, w, kernel, io.attrs);
    io.expect("dy", [n, cout as number, oh, ow], "the output of the convolution");
    return { dw: { dtype: "f32", shape } };
  },
  macs: (io) => convMacs(io.shape("dw"), io.shape("dy")),
  params: convSlots,
  fill: (io) => fillConv(io.shape("x"), io.shape("dw"), io.shape("dy"), io.attrs),
});
