/**
 * Convolution (cross-correlation, as in PyTorch):
 * `y[n,o,i,j] = slope[o] · act( bias[o] + residual[n,o,i,j] + Σ x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, c', p, q] )`.
 * x [N, C, H, W], w [O, C/groups, KH, KW]. `activation`, `slope` and `residual` are epilogues that passes fuse in for inference.
 *
 * So are three lists of channels, for groups = 1. With `gather`, column c of w reads channel gather[c] of x, which may have more channels than w has
 * columns. With `scatter`, filter f is added to channel scatter[f] of y, which has `channels` channels. With `shortcut`, channel ch of y adds channel
 * shortcut[ch] of residual, which may have any number of them, or nothing where that is −1:
 * `y[n,ch] = slope[ch] · act( residual[n,shortcut[ch]] + Σ_{f: scatter[f] = ch} (bias[f] + Σ x · w[f]) )`; a channel that no filter writes gets the
 * rest alone. Bias goes with the filters, slope with the channels of y.
 */

import type { BoundIo, InferIo } from "../graph/op.ts";
import { type IndexMap, SAME, type Tie } from "../graph/ties.ts";
import { activationCode, epilogueActivation } from "./activation.ts";
import { int, ints } from "./attrs.ts";
import { checkIndex, inverseIndex } from "./channels.ts";
import { defineOp, fixed } from "./define.ts";
import { fillWindow, inferWindow, windowAttrs, windowSlots } from "./window.ts";

export const convAttrs = { ...windowAttrs, dilation: ints(2, 1, [1, 1]), groups: int(1, 1) } as const;

export interface ConvAttrs {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** The channels that a convolution reads, writes and adds; a list is empty where these are all of x's, y's or residual's in their order. */
export interface ConvRoutes {
  readonly gather: readonly number[];
  readonly scatter: readonly number[];
  /** Channels of y with `scatter`, else 0. */
  readonly channels: number;
  readonly shortcut: readonly number[];
}

/** The geometry slots of a convolution and of both its gradients. cin: columns of w · groups, cout: filters. */
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
    cin: (w[1] as number) * attrs.groups,
    cout: w[0] as number,
    groups: attrs.groups,
    ...fillWindow(x, y, w.slice(2), attrs),
    dilation_h: attrs.dilation[0] as number,
    dilation_w: attrs.dilation[1] as number,
  };
}

/** Multiply-adds of a convolution, and of each of its gradients: every output of a filter reads C/groups · KH · KW products. */
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

/** Checks the three lists; returns the number of channels of y. */
function checkRoutes(io: InferIo<ConvAttrs & ConvRoutes>, xChannels: number, filters: number, columns: number): number {
  const { gather, scatter, channels, shortcut, groups } = io.attrs;
  if (groups !== 1 && gather.length + scatter.length + shortcut.length > 0) {
    throw io.fail("E_ATTR", `gather, scatter and shortcut need groups = 1, this has ${groups}; move channels with nodes of their own`);
  }
  if (gather.length > 0) {
    checkIndex(io, gather, xChannels, "x", "gather");
    if (gather.length !== columns) {
      throw io.fail("E_CHANNELS", `gather has ${gather.length} entries, w has ${columns} columns; give one for each column`);
    }
  }
  if (scatter.length > 0) {
    checkIndex(io, scatter, channels, "y", "scatter");
    if (scatter.length !== filters) {
      throw io.fail("E_CHANNELS", `scatter has ${scatter.length} entries, w has ${filters} filters; give one for each filter`);
    }
  } else if (channels !== 0) {
    throw io.fail("E_ATTR", `channels is ${channels} without scatter; leave it out, or give scatter`);
  }
  const all = scatter.length > 0 ? channels : filters;
  if (shortcut.length > 0) checkShortcut(io, all);
  return all;
}

function checkShortcut(io: InferIo<ConvAttrs & ConvRoutes>, channels: number): void {
  const { shortcut } = io.attrs;
  if (!io.has("residual")) throw io.fail("E_ATTR", "shortcut is given without residual; leave it out, or give residual");
  const read = shortcut.filter((channel) => channel >= 0);
  if (read.length > 0) checkIndex(io, read, fixed(io, "residual", io.dims("residual", 4)[1]), "residual", "shortcut");
  if (shortcut.length !== channels) {
    throw io.fail("E_CHANNELS", `shortcut has ${shortcut.length} entries, y has ${channels} channels; give one for each, −1 for none`);
  }
}

/** The channels of y in the order in which kernels write them: those of filters 0 … F − 1, then those that no filter writes. Empty without scatter. */
function writingOrder({ scatter, channels }: ConvRoutes): number[] {
  if (scatter.length === 0) return [];
  const writers = inverseIndex(scatter, channels);
  return [...scatter, ...writers.flatMap((filter, channel) => (filter < 0 ? [channel] : []))];
}

/** Ties between the channels of x, w and y; a depthwise channel goes straight through, a group's channels share the rows of w. */
function convTies(io: BoundIo<ConvAttrs & ConvRoutes>): Tie[] {
  const [cout = 0, perGroup = 0] = io.shape("w");
  const { groups, gather, scatter, channels, shortcut } = io.attrs;
  const depthwise = perGroup === 1 && groups === cout && groups > 1;
  const through = (index: readonly number[], size: number): IndexMap =>
    index.length === 0 ? SAME : { kind: "table", table: inverseIndex(index, size) };
  const toFilter = through(scatter, channels);
  return [
    depthwise
      ? { a: ["x", 1], b: ["y", 1], map: SAME }
      : { a: ["x", 1], b: ["w", 1], map: groups === 1 ? through(gather, io.shape("x")[1] as number) : { kind: "modulo", size: perGroup } },
    { a: ["y", 1], b: ["w", 0], map: toFilter },
    { a: ["y", 1], b: ["bias", 0], map: toFilter },
    { a: ["y", 1], b: ["slope", 0], map: SAME },
    shortcut.length === 0
      ? { a: ["residual", 1], b: ["y", 1], map: SAME }
      : { a: ["y", 1], b: ["residual", 1], map: { kind: "table", table: shortcut } },
  ];
}

export const conv2d = defineOp({
  name: "conv2d",
  inputs: { x: "required", w: "required", bias: "optional", slope: "optional", residual: "optional" },
  attrs: {
    ...convAttrs,
    activation: epilogueActivation,
    gather: ints(undefined, 0, []),
    scatter: ints(undefined, 0, []),
    channels: int(0, 0),
    shortcut: ints(undefined, -1, []),
  },
  infer(io) {
    const x = io.dims("x", 4);
    const w = io.dims("w", 4).map((dim) => fixed(io, "w", dim));
    const [cout = 0, columns = 0, kh = 0, kw = 0] = w;
    const channels = checkRoutes(io, fixed(io, "x", x[1]), cout, columns);
    if (io.attrs.gather.length === 0) checkConvChannels(io, x, w, io.attrs.groups);
    const [oh, ow] = inferWindow(io, "x", x[2], x[3], [kh, kw], io.attrs);
    const shape = [x[0] ?? "N", channels, oh, ow];
    io.expect("bias", [cout], "one bias per filter");
    io.expect("slope", [channels], channels === cout ? "one slope per filter" : "one slope per channel of y");
    const added = io.attrs.shortcut.length === 0 ? channels : (io.type("residual").shape[1] as number);
    io.expect("residual", [x[0] ?? "N", added, oh, ow], "the shape of the output");
    return { y: { dtype: "f32", shape } };
  },
  macs: (io) => convMacs(io.shape("w"), io.shape("y")),
  // xc, yc and rc: channels of x, y and residual in memory
  params: { ...convSlots, xc: "i32", yc: "i32", rc: "i32", fn: "i32" },
  fill: (io) => ({
    ...fillConv(io.shape("x"), io.shape("w"), io.shape("y"), io.attrs),
    xc: io.shape("x")[1] as number,
    yc: io.shape("y")[1] as number,
    rc: io.has("residual") ? (io.shape("residual")[1] as number) : 0,
    fn: activationCode(io.attrs.activation),
  }),
  tables: { gather: (io) => io.attrs.gather, scatter: (io) => writingOrder(io.attrs), shortcut: (io) => io.attrs.shortcut },
  channels: convTies,
});
