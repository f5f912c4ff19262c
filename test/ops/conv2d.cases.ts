import { activationNames } from "../../src/ops/activation.ts";
import { windowOutput } from "../../src/ops/window.ts";
import type { OpCase } from "./case.ts";

/** A convolution, for it and for both its gradients. */
export interface ConvGeometry {
  readonly name: string;
  readonly x: readonly [n: number, c: number, h: number, w: number];
  readonly w: readonly [o: number, perGroup: number, kh: number, kw: number];
  readonly stride?: readonly number[];
  /** [top, left, bottom, right] */
  readonly padding?: readonly number[];
  readonly dilation?: readonly number[];
  readonly groups?: number;
}

const SAME = [1, 1, 1, 1];

export const convGeometries: readonly ConvGeometry[] = [
  // corners
  { name: "one product", x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { name: "one channel", x: [1, 1, 5, 7], w: [1, 1, 3, 3], padding: SAME },
  { name: "one filter", x: [1, 16, 9, 9], w: [1, 16, 3, 3], padding: SAME },
  { name: "image one pixel wide", x: [3, 5, 7, 1], w: [3, 5, 3, 1], padding: [1, 0, 1, 0] },
  { name: "window as large as the image", x: [3, 5, 5, 3], w: [13, 5, 5, 3] },
  { name: "a pixel in wide padding", x: [1, 3, 1, 1], w: [5, 3, 3, 3], padding: SAME },
  // windows
  { name: "3x3 without padding", x: [3, 3, 7, 5], w: [5, 3, 3, 3] },
  { name: "3x3 same, 3 examples", x: [3, 5, 11, 7], w: [13, 5, 3, 3], padding: SAME },
  { name: "3x3 same, 13 to 17", x: [1, 13, 7, 7], w: [17, 13, 3, 3], padding: SAME },
  { name: "3x3 same, whole vectors", x: [1, 4, 8, 8], w: [8, 4, 3, 3], padding: SAME },
  { name: "3x3 same, even sizes", x: [3, 3, 6, 4], w: [5, 3, 3, 3], padding: SAME },
  { name: "1x1", x: [3, 17, 5, 5], w: [5, 17, 1, 1] },
  { name: "1x1 with padding", x: [1, 3, 5, 5], w: [5, 3, 1, 1], padding: [0, 1, 2, 1] },
  { name: "2x2 stride 2", x: [3, 3, 7, 6], w: [5, 3, 2, 2], stride: [2, 2] },
  { name: "5x5 same", x: [3, 1, 13, 11], w: [5, 1, 5, 5], padding: [2, 2, 2, 2] },
  { name: "1x7", x: [1, 3, 5, 11], w: [5, 3, 1, 7], padding: [0, 3, 0, 3] },
  { name: "7x1", x: [1, 3, 11, 5], w: [5, 3, 7, 1], padding: [3, 0, 3, 0] },
  { name: "7x7 stride 2", x: [1, 3, 17, 19], w: [5, 3, 7, 7], stride: [2, 2], padding: [3, 3, 3, 3] },
  { name: "11x11", x: [1, 3, 23, 23], w: [5, 3, 11, 11], padding: [5, 5, 5, 5] },
  // strides, padding, dilation
  { name: "3x3 stride 2", x: [3, 3, 11, 13], w: [5, 3, 3, 3], stride: [2, 2], padding: SAME },
  { name: "3x3 stride 2, last row and column unread", x: [1, 5, 8, 8], w: [3, 5, 3, 3], stride: [2, 2] },
  { name: "stride 2 by 3", x: [1, 3, 11, 13], w: [5, 3, 3, 3], stride: [2, 3], padding: SAME },
  { name: "stride larger than the window", x: [3, 5, 10, 11], w: [13, 5, 2, 2], stride: [4, 3] },
  { name: "1x1 stride 2", x: [3, 5, 7, 7], w: [13, 5, 1, 1], stride: [2, 2] },
  { name: "padding of four sizes", x: [1, 3, 5, 7], w: [5, 3, 4, 3], padding: [0, 1, 2, 3] },
  { name: "padding at bottom and right, stride 2", x: [3, 3, 8, 6], w: [5, 3, 3, 3], stride: [2, 2], padding: [0, 0, 1, 1] },
  { name: "padding larger than the window", x: [1, 3, 3, 5], w: [5, 3, 3, 3], padding: [5, 4, 4, 5] },
  { name: "dilation 2", x: [1, 3, 11, 11], w: [5, 3, 3, 3], padding: [2, 2, 2, 2], dilation: [2, 2] },
  { name: "dilation 1 by 3", x: [3, 3, 7, 11], w: [5, 3, 3, 3], dilation: [1, 3] },
  { name: "dilation, stride and padding", x: [3, 5, 13, 11], w: [3, 5, 3, 2], stride: [2, 3], padding: [1, 0, 2, 3], dilation: [3, 2] },
  // groups
  { name: "3 groups", x: [3, 9, 7, 5], w: [15, 3, 3, 3], padding: SAME, groups: 3 },
  { name: "2 groups, stride 2", x: [1, 6, 9, 7], w: [10, 3, 3, 3], stride: [2, 2], padding: SAME, groups: 2 },
  { name: "5 groups of 1x1", x: [3, 15, 5, 5], w: [5, 3, 1, 1], groups: 5 },
  { name: "depthwise", x: [3, 13, 7, 11], w: [13, 1, 3, 3], padding: SAME, groups: 13 },
  { name: "depthwise stride 2", x: [3, 5, 9, 8], w: [5, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 5 },
  { name: "depthwise 5x5, dilated", x: [1, 3, 13, 17], w: [3, 1, 5, 5], padding: [4, 4, 4, 4], dilation: [2, 2], groups: 3 },
  { name: "depthwise with padding of four sizes", x: [1, 3, 7, 9], w: [3, 1, 3, 5], padding: [2, 0, 1, 3], groups: 3 },
  { name: "depthwise with two filters a channel", x: [1, 5, 7, 7], w: [10, 1, 3, 3], padding: SAME, groups: 5 },
  { name: "depthwise, rows and columns at other strides", x: [1, 5, 9, 10], w: [5, 1, 3, 3], stride: [3, 2], padding: SAME, groups: 5 },
  { name: "depthwise, three columns between windows", x: [1, 3, 9, 11], w: [3, 1, 3, 3], stride: [1, 3], padding: SAME, groups: 3 },
  { name: "depthwise on narrow images", x: [3, 5, 6, 3], w: [5, 1, 3, 3], padding: SAME, groups: 5 },
  { name: "depthwise on narrow images, stride 2", x: [1, 5, 7, 5], w: [5, 1, 5, 5], stride: [2, 2], padding: [2, 2, 2, 2], groups: 5 },
  {
    name: "depthwise with padding larger than the window",
    x: [1, 3, 3, 5],
    w: [3, 1, 3, 3],
    stride: [1, 2],
    padding: [5, 4, 4, 5],
    groups: 3,
  },
  { name: "depthwise, two filters a channel, stride 2", x: [3, 3, 9, 9], w: [6, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 3 },
  { name: "depthwise in several bands", x: [1, 2, 75, 61], w: [2, 1, 3, 3], padding: SAME, groups: 2 },
  { name: "depthwise in several bands, stride 2", x: [1, 2, 117, 95], w: [2, 1, 5, 5], stride: [2, 2], padding: [2, 2, 2, 2], groups: 2 },
  // large enough for every vector path, tile and panel
  { name: "16 to 32, 14x14", x: [1, 16, 14, 14], w: [32, 16, 3, 3], padding: SAME },
  { name: "32 to 32, 14x14, 3 examples", x: [3, 32, 14, 14], w: [32, 32, 3, 3], padding: SAME },
  { name: "32 to 17, 7x7", x: [3, 32, 7, 7], w: [17, 32, 3, 3], padding: SAME },
  { name: "16 to 16, 28x28", x: [1, 16, 28, 28], w: [16, 16, 3, 3], padding: SAME },
  { name: "19 to 29, 15x13", x: [3, 19, 15, 13], w: [29, 19, 3, 3], padding: SAME },
  { name: "16 to 32, 28x28, stride 2", x: [1, 16, 28, 28], w: [32, 16, 3, 3], stride: [2, 2], padding: SAME },
  { name: "1 to 16, 28x28", x: [3, 1, 28, 28], w: [16, 1, 3, 3], padding: SAME },
  { name: "3 to 16, 32x32, 5x5", x: [1, 3, 32, 32], w: [16, 3, 5, 5], padding: [2, 2, 2, 2] },
  { name: "32 to 64, 14x14, 1x1", x: [1, 32, 14, 14], w: [64, 32, 1, 1] },
  { name: "37 to 23, 13x13, 1x1", x: [3, 37, 13, 13], w: [23, 37, 1, 1] },
  { name: "32 depthwise, 14x14", x: [3, 32, 14, 14], w: [32, 1, 3, 3], padding: SAME, groups: 32 },
  { name: "16 depthwise, 28x28, stride 2", x: [1, 16, 28, 28], w: [16, 1, 3, 3], stride: [2, 2], padding: SAME, groups: 16 },
  { name: "4 groups of 8, 14x14", x: [1, 32, 14, 14], w: [32, 8, 3, 3], padding: SAME, groups: 4 },
  { name: "more taps than a panel is made for", x: [1, 230, 5, 5], w: [3, 230, 3, 3], padding: SAME },
  // tiles of 4 x 4 and 2 x 2 that overhang, bands of them, and filters by parts
  { name: "1 to 1, 9x11", x: [3, 1, 9, 11], w: [1, 1, 3, 3], padding: SAME },
  { name: "5 to 3, 13x17", x: [3, 5, 13, 17], w: [3, 5, 3, 3], padding: SAME },
  { name: "5 to 7, 12x14 without padding", x: [3, 5, 12, 14], w: [7, 5, 3, 3] },
  { name: "3 to 5, 10x11, padding on two sides", x: [3, 3, 10, 11], w: [5, 3, 3, 3], padding: [1, 0, 0, 1] },
  { name: "3 to 5, 11x10, padding on the other sides", x: [3, 3, 11, 10], w: [5, 3, 3, 3], padding: [0, 1, 1, 0] },
  { name: "7 to 11, 4x4", x: [3, 7, 4, 4], w: [11, 7, 3, 3], padding: SAME },
  { name: "5 to 13, 5x5", x: [3, 5, 5, 5], w: [13, 5, 3, 3], padding: SAME },
  { name: "14 to 15, 13x17", x: [3, 14, 13, 17], w: [15, 14, 3, 3], padding: SAME },
  { name: "15 to 14, 12x14 without padding", x: [3, 15, 12, 14], w: [14, 15, 3, 3] },
  { name: "14 to 15, 10x11, padding on two sides", x: [3, 14, 10, 11], w: [15, 14, 3, 3], padding: [1, 0, 0, 1] },
  { name: "14 to 15, 11x10, padding on the other sides", x: [3, 14, 11, 10], w: [15, 14, 3, 3], padding: [0, 1, 1, 0] },
  { name: "14 to 15, 4x4, 9 examples", x: [9, 14, 4, 4], w: [15, 14, 3, 3], padding: SAME },
  { name: "14 to 15, 5x3, 9 examples", x: [9, 14, 5, 3], w: [15, 14, 3, 3], padding: SAME },
  { name: "14 to 15, wide image", x: [1, 14, 2, 131], w: [15, 14, 3, 3], padding: SAME },
  { name: "40 to 38, 30x33", x: [1, 40, 30, 33], w: [38, 40, 3, 3], padding: SAME },
  { name: "131 to 129, 7x7", x: [1, 131, 7, 7], w: [129, 131, 3, 3], padding: SAME },
  { name: "wide image", x: [1, 3, 3, 131], w: [5, 3, 3, 3], padding: SAME },
  { name: "tall image", x: [1, 3, 131, 3], w: [5, 3, 3, 3], padding: SAME },
];

export function convAttrsOf({ stride, padding, dilation, groups }: ConvGeometry): Record<string, number | readonly number[]> {
  return { ...(stride && { stride }), ...(padding && { padding }), ...(dilation && { dilation }), ...(groups && { groups }) };
}

const bias = (geometry: ConvGeometry) => ({ bias: [geometry.w[0]] });
const slope = (geometry: ConvGeometry) => ({ slope: [geometry.w[0]] });

const plain = convGeometries.map(
  (geometry): OpCase => ({
    name: geometry.name,
    op: "conv2d",
    attrs: convAttrsOf(geometry),
    shapes: { x: geometry.x, w: geometry.w },
  }),
);

/** Epilogues on kernels of every kind: odd sizes, depthwise, groups, whole vectors. The geometries keep the output's size, or say it. */
const epilogues = [
  "3x3 same, 3 examples",
  "1x1",
  "depthwise",
  "3 groups",
  "3x3 stride 2",
  "32 to 17, 7x7",
  "32 depthwise, 14x14",
  "5 to 3, 13x17",
  "14 to 15, 13x17",
].flatMap((name): OpCase[] => {
  const geometry = convGeometries.find((other) => other.name === name) as ConvGeometry;
  const { x, w } = geometry;
  const [sh = 1, sw = 1] = geometry.stride ?? [1, 1];
  const residual = { residual: [x[0], w[0], Math.ceil(x[2] / sh), Math.ceil(x[3] / sw)] };
  const variant = (what: string, shapes: OpCase["shapes"], activation?: string): OpCase => ({
    name: `${name}, ${what}`,
    op: "conv2d",
    attrs: { ...convAttrsOf(geometry), ...(activation && { activation }) },
    shapes: { x, w, ...shapes },
  });
  return [
    variant("bias", bias(geometry)),
    ...activationNames.map((activation) => variant(`bias and ${activation}`, bias(geometry), activation)),
    variant("bias and rotated relu", { ...bias(geometry), ...slope(geometry) }, "relu"),
    variant("slope without activation", slope(geometry)),
    variant("residual", residual),
    variant("bias, residual and rotated relu6", { ...bias(geometry), ...slope(geometry), ...residual }, "relu6"),
  ];
});

/** relu6 must reach its upper kink too. */
const saturated: OpCase = {
  name: "relu6 on both sides of 6",
  op: "conv2d",
  attrs: { padding: SAME, activation: "relu6" },
  shapes: { x: [3, 5, 7, 7], w: [13, 5, 3, 3], bias: [13] },
  values: { x: { kind: "uniform", low: -3, high: 5 } },
};

/** `count` of `of` channels, each once and in no order; `of` is no multiple of 7. */
const some = (count: number, of: number): number[] => Array.from({ length: count }, (_, i) => (7 * i + 3) % of);

interface Routes {
  /** Channels of x and of y in memory, where w's columns and filters are fewer of them. */
  readonly from?: number;
  readonly to?: number;
  readonly gather?: readonly number[];
  readonly scatter?: readonly number[];
  /** Channels of the residual, where y takes some of them in another order. */
  readonly added?: number;
  readonly shortcut?: readonly number[];
}

/** A convolution that reads and writes channels picked from more; `geometry.x` has those that it reads. */
function routed(geometry: ConvGeometry, routes: Routes, epilogue: readonly ("bias" | "residual" | "slope")[], activation?: string): OpCase {
  const [n, , h, w] = geometry.x;
  const [filters, columns, kh, kw] = geometry.w;
  const { from = columns, to = filters } = routes;
  const gather = routes.gather ?? (routes.from === undefined ? [] : some(columns, from));
  const scatter = routes.scatter ?? (routes.to === undefined ? [] : some(filters, to));
  const { added = to } = routes;
  // of a few more channels than there are, so that some channels of y get none
  const wide = Math.max(to, added) + 2;
  const mixed = some(to, wide % 7 === 0 ? wide + 1 : wide).map((channel) => (channel < added ? channel : -1));
  const shortcut = routes.shortcut ?? (routes.added === undefined ? [] : mixed);
  const [oh, ow] = windowOutput([h, w], [kh, kw], { stride: [1, 1], padding: [0, 0, 0, 0], ...geometry });
  const shapes = { bias: [filters], residual: [n, added, oh, ow], slope: [to] };
  return {
    name: `${geometry.name}, ${[activation ?? [], epilogue].flat().join(", ") || "bare"}`,
    op: "conv2d",
    attrs: {
      ...convAttrsOf(geometry),
      ...(gather.length > 0 && { gather }),
      ...(scatter.length > 0 && { scatter, channels: to }),
      ...(shortcut.length > 0 && { shortcut }),
      ...(activation && { activation }),
    },
    shapes: { x: [n, from, h, w], w: geometry.w, ...Object.fromEntries(epilogue.map((slot) => [slot, shapes[slot]])) },
  };
}

const everything = ["bias", "residual", "slope"] as const;
const twice = [2, 2];

const routes: readonly OpCase[] = [
  // gather: in planes that are copied, and in the image where it is
  routed({ name: "gather, 3x3 same", x: [3, 5, 7, 5], w: [5, 5, 3, 3], padding: SAME }, { from: 13 }, []),
  routed({ name: "gather, 3x3 without padding", x: [3, 3, 7, 5], w: [5, 3, 3, 3] }, { from: 17 }, ["bias"], "relu"),
  routed({ name: "gather, 3x3 stride 2", x: [3, 3, 11, 13], w: [5, 3, 3, 3], stride: twice, padding: SAME }, { from: 5 }, ["bias"]),
  routed({ name: "gather, 3x3 same, 13x17", x: [3, 5, 13, 17], w: [5, 5, 3, 3], padding: SAME }, { from: 13 }, everything, "relu"),
  routed({ name: "gather, 14 to 15, 13x17", x: [3, 14, 13, 17], w: [15, 14, 3, 3], padding: SAME }, { from: 17 }, everything, "relu"),
  routed({ name: "gather, 1x1", x: [3, 5, 5, 7], w: [3, 5, 1, 1] }, { from: 11 }, everything, "relu"),
  routed({ name: "gather, 1x1 stride 2", x: [3, 5, 7, 7], w: [13, 5, 1, 1], stride: twice }, { from: 9 }, []),
  routed({ name: "gather, one channel", x: [1, 1, 5, 7], w: [3, 1, 3, 3], padding: SAME }, { from: 5, gather: [4] }, []),
  routed({ name: "gather, all in another order", x: [1, 4, 8, 8], w: [8, 4, 3, 3], padding: SAME }, { gather: [2, 0, 3, 1] }, []),
  routed({ name: "gather, dilated", x: [1, 3, 11, 11], w: [5, 3, 3, 3], padding: [2, 2, 2, 2], dilation: twice }, { from: 4 }, []),
  // scatter: every epilogue, and channels of y that no filter writes
  routed({ name: "scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13 }, []),
  routed({ name: "scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13 }, ["residual"]),
  routed({ name: "scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13 }, ["bias", "residual"], "relu"),
  routed({ name: "scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13 }, ["slope"]),
  routed({ name: "scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13 }, everything, "relu6"),
  routed({ name: "scatter without residual", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 9 }, ["bias", "slope"], "relu"),
  routed(
    { name: "scatter, 3x3 stride 2", x: [3, 3, 11, 13], w: [5, 3, 3, 3], stride: twice, padding: SAME },
    { to: 17 },
    everything,
    "relu",
  ),
  routed({ name: "scatter, 13x17", x: [3, 5, 13, 17], w: [5, 5, 3, 3], padding: SAME }, { to: 13 }, everything, "relu6"),
  routed({ name: "scatter, 12x12", x: [3, 5, 12, 12], w: [5, 5, 3, 3], padding: SAME }, { to: 13 }, ["residual"]),
  routed({ name: "scatter, 14 to 15, 13x17", x: [3, 14, 13, 17], w: [15, 14, 3, 3], padding: SAME }, { to: 17 }, everything, "relu6"),
  routed({ name: "scatter, 14 to 15, 5x5", x: [9, 14, 5, 5], w: [15, 14, 3, 3], padding: SAME }, { to: 17 }, ["residual"]),
  routed({ name: "scatter, 1x1", x: [3, 5, 5, 5], w: [3, 5, 1, 1] }, { to: 11 }, ["residual"], "relu"),
  routed({ name: "scatter, all in another order", x: [1, 3, 5, 7], w: [4, 3, 3, 3], padding: SAME }, { scatter: [2, 0, 3, 1] }, everything),
  routed({ name: "scatter, one filter", x: [3, 5, 5, 7], w: [1, 5, 3, 3], padding: SAME }, { to: 5, scatter: [3] }, everything, "relu"),
  routed({ name: "scatter, rows shorter than a vector", x: [3, 5, 7, 1], w: [3, 5, 3, 1], padding: [1, 0, 1, 0] }, { to: 8 }, everything),
  // shortcut: channels of the residual for some of y's
  routed({ name: "shortcut of fewer", x: [3, 3, 7, 5], w: [13, 3, 3, 3], padding: SAME }, { added: 5 }, ["residual"]),
  routed({ name: "shortcut of more", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { added: 13 }, ["bias", "residual"], "relu"),
  routed(
    { name: "shortcut, 3x3 stride 2", x: [3, 3, 11, 13], w: [13, 3, 3, 3], stride: twice, padding: SAME },
    { added: 8 },
    everything,
    "relu",
  ),
  routed({ name: "shortcut, 1x1", x: [3, 5, 5, 5], w: [11, 5, 1, 1] }, { added: 3 }, everything, "relu6"),
  routed({ name: "shortcut, another order", x: [1, 4, 8, 8], w: [4, 4, 3, 3], padding: SAME }, { shortcut: [3, 1, 0, 2] }, ["residual"]),
  routed(
    { name: "shortcut of none", x: [3, 3, 4, 5], w: [2, 3, 3, 3], padding: SAME },
    { added: 1, shortcut: [-1, -1] },
    ["residual"],
    "relu",
  ),
  routed({ name: "shortcut, one channel", x: [1, 5, 5, 7], w: [1, 5, 3, 3], padding: SAME }, { added: 5, shortcut: [4] }, everything),
  routed(
    { name: "shortcut, 16 to 37 with 19, 14x14", x: [3, 16, 14, 14], w: [37, 16, 3, 3], padding: SAME },
    { added: 19 },
    everything,
    "relu",
  ),
  routed({ name: "shortcut and scatter", x: [3, 3, 7, 5], w: [5, 3, 3, 3], padding: SAME }, { to: 13, added: 9 }, everything, "relu"),
  routed({ name: "shortcut and scatter, 1x1", x: [3, 5, 5, 5], w: [3, 5, 1, 1] }, { to: 11, added: 16 }, ["residual"], "relu"),
  // gather and scatter, some with a shortcut, on sizes that take every tile, panel and share of workers
  routed({ name: "both, one product", x: [1, 1, 1, 1], w: [1, 1, 1, 1] }, { from: 3, to: 3 }, ["residual"]),
  routed({ name: "both, 3x3 same", x: [3, 5, 7, 5], w: [3, 5, 3, 3], padding: SAME }, { from: 13, to: 13, added: 6 }, everything, "relu"),
  routed({ name: "both, 1x1", x: [3, 5, 5, 5], w: [3, 5, 1, 1] }, { from: 11, to: 11 }, everything, "relu"),
  routed(
    { name: "both, 16 of 32 to 13 of 37, 14x14", x: [3, 16, 14, 14], w: [13, 16, 3, 3], padding: SAME },
    { from: 32, to: 37 },
    everything,
  ),
  routed({ name: "both, 32 of 64 to 17 of 64, 7x7", x: [1, 32, 7, 7], w: [17, 32, 3, 3], padding: SAME }, { from: 64, to: 64, added: 29 }, [
    "residual",
  ]),
  routed(
    { name: "both, one filter of many", x: [1, 37, 5, 5], w: [1, 37, 3, 3], padding: SAME },
    { from: 64, to: 19 },
    ["residual"],
    "relu",
  ),
  routed(
    { name: "both, more taps than a panel is made for", x: [1, 230, 5, 5], w: [8, 230, 3, 3], padding: SAME },
    { from: 256, to: 11 },
    [],
  ),
  routed(
    { name: "both, tall image", x: [1, 3, 131, 3], w: [5, 3, 3, 3], padding: SAME },
    { from: 5, to: 16 },
    ["bias", "residual"],
    "relu6",
  ),
];

export const conv2dCases: readonly OpCase[] = [...plain, ...epilogues, saturated, ...routes];
