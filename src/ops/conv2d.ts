/**
 * Convolution (cross-correlation, as in PyTorch):
 * `y[n,o,i,j] = slope[o] · act( bias[o] + residual[n,o,i,j] + Σ x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, c', p, q] )`.
 * x [N, C, H, W], w [O, C/groups, KH, KW]. `activation`, `slope` and `residual` are epilogues that passes fuse in for inference.
 */

import type { BoundIo, InferIo } from "../graph/op.ts";
import { SAME, type Tie } from "../graph/ties.ts";
import { activationCode, epilogueActivation } from "./activation.ts";
import { int, ints } from "./attrs.ts";
import { defineOp, fixed } from "./define.ts";
import { fillWindow, inferWindow, windowAttrs, windowSlots } from "./window.ts";

export const convAttrs = { ...windowAttrs, dilation: ints(2, 1, [1, 1]), groups: int(1, 1) } as const;

export interface ConvAttrs {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** The geometry slots of a convolution and of both its gradients. */
export const convSlots = {
  n: "i32",
  cin: "i32",
  cout: "i32",
  groups: "i32",
  ...windowSlots,
  dilation_h: "i32",
  dilation_w: "i32",
} as const;

/** Slot values from the shapes of x, w and y. */
export function fillConv(x: readonly number[], w: readonly number[], y: readonly number[], attrs: ConvAttrs) {
  return {
    n: x[0] as number,
    cin: x[1] as number,
    cout: w[0] as number,
    groups: attrs.groups,
    ...fillWindow(x, y, w.slice(2), attrs),
    dilation_h: attrs.dilation[0] as number,
    dilation_w: attrs.dilation[1] as number,
  };
}

/** Multiply-adds of a convolution, and of each of its gradients: every output reads C/groups · KH · KW products. */
export function convMacs(w: readonly number[], y: readonly number[]): number {
  const [o = 0, c = 0, kh = 0, kw = 0] = w;
  const [n = 0, , oh = 0, ow = 0] = y;
  return n * o * oh * ow * c * kh * kw;
}

/** Checks that channels, filters and groups of x and w agree. */
export function checkConvChannels(
  io: InferIo<unknown>,
  x: readonly (number | string)[],
  w: readonly (number | string)[],
  groups: number,
): void {
  const [, cin] = x;
  const [cout, perGroup] = w;
  if (cin !== (perGroup as number) * groups) {
    throw io.fail(
      "E_CHANNELS",
      `x has ${cin} channels, w expects ${(perGroup as number) * groups} (${perGroup} per group × ${groups}); change the layer before, or w, or groups`,
    );
  }
  if ((cout as number) % groups !== 0) {
    throw io.fail("E_CHANNELS", `${cout} filters do not divide into ${groups} groups; take a multiple of ${groups}`);
  }
}

/** Ties between the channels of x, w and y; a depthwise channel goes straight through, a group's channels share the rows of w. */
function convTies(io: BoundIo<ConvAttrs>): Tie[] {
  const [cout = 0, perGroup = 0] = io.shape("w");
  const { groups } = io.attrs;
  const depthwise = perGroup === 1 && groups === cout && groups > 1;
  return [
    depthwise
      ? { a: ["x", 1], b: ["y", 1], map: SAME }
      : { a: ["x", 1], b: ["w", 1], map: groups === 1 ? SAME : { kind: "modulo", size: perGroup } },
    { a: ["y", 1], b: ["w", 0], map: SAME },
    { a: ["y", 1], b: ["bias", 0], map: SAME },
    { a: ["y", 1], b: ["slope", 0], map: SAME },
    { a: ["residual", 1], b: ["y", 1], map: SAME },
  ];
}

export const conv2d = defineOp({
  name: "conv2d",
  inputs: { x: "required", w: "required", bias: "optional", slope: "optional", residual: "optional" },
  attrs: { ...convAttrs, activation: epilogueActivation },
  infer(io) {
    const x = io.dims("x", 4);
    const w = io.dims("w", 4).map((dim) => fixed(io, "w", dim));
    checkConvChannels(io, x, w, io.attrs.groups);
    const [cout = 0, , kh = 0, kw = 0] = w;
    const [oh, ow] = inferWindow(io, "x", x[2], x[3], [kh, kw], io.attrs);
    const shape = [x[0] ?? "N", cout, oh, ow];
    io.expect("bias", [cout], "one bias per filter");
    io.expect("slope", [cout], "one slope per filter");
    io.expect("residual", shape, "the shape of the output");
    return { y: { dtype: "f32", shape } };
  },
  macs: (io) => convMacs(io.shape("w"), io.shape("y")),
  params: { ...convSlots, fn: "i32" },
  fill: (io) => ({ ...fillConv(io.shape("x"), io.shape("w"), io.shape("y"), io.attrs), fn: activationCode(io.attrs.activation) }),
  channels: convTies,
});
