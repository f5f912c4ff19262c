/** Convolutions with tables of channels: gather, scatter, shortcut, alone and together. */
import { windowOutput } from "../../src/ops/window.ts";
import type { OpCase } from "./case.ts";
import { type ConvGeometry, convAttrsOf, SAME } from "./conv2d.geometries.ts";

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

export const conv2dRouteCases: readonly OpCase[] = [
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
    { name: "both, 7 of 13 to 8 of 17, 13x14, 5x5", x: [3, 7, 13, 14], w: [8, 7, 5, 5], padding: [2, 2, 2, 2] },
    { from: 13, to: 17, added: 9 },
    everything,
    "relu",
  ),
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
