/** Which convolutions go through Winograd's transforms (`assembly/winograd.ts`), with tiles of what size, and what that takes. */
import { sizeOf } from "../../graph/graph.ts";
import type { Choice, Io, Kernel } from "./lowering.ts";
import { type WinogradShape, winogradBytes } from "./scratch.ts";

/** Kernels by the end of their names, and their tiles: height and width in pixels. */
const TILES = { 2: [2, 2], 42: [4, 2], 4: [4, 4] } as const;
type Tile = keyof typeof TILES;

/**
 * Which tiles, or 0 for the direct kernel: a pure function of shapes but for the batch.
 *
 * Padding of one pixel at most: of outputs that see nothing but padding, transforms make noise instead of zeros.
 */
export function winogradTile(io: Io, { channels, filters, out: [h, w], padding }: WinogradShape): 0 | Tile {
  const [, , kh, kw] = io.shape("w");
  const { stride, dilation, groups } = io.attrs;
  const ones = [...stride, ...dilation, groups].every((value) => value === 1);
  if (!ones || kh !== 3 || kw !== 3 || padding.some((pixels) => pixels < 0 || pixels > 1)) return 0;
  const weights = channels * filters;
  if (filters < MIN_FILTERS) return 0;
  const tile = Math.ceil(h / 4) * Math.ceil(w / 4) >= MIN_TILES ? 4 : weights > MAX_WEIGHTS ? 2 : 42;
  return 2 * weights < WORTH[tile] * (channels + filters) ? 0 : tile;
}

/** One or two filters are done before their input is transformed. */
const MIN_FILTERS = 3;
/** Fewer tiles of 4 × 4 than this use each of their transformed weights, which are 4 times as many as the window's, too seldom. */
const MIN_TILES = 9;
/** More weights than this, transformed to 24 products, outgrow a core's cache. */
const MAX_WEIGHTS = 1 << 14;
/** Transforms grow with channels plus filters, what they save with their product: from these harmonic means on they paid, measured at 8 to 32 pixels a side. */
const WORTH = { 2: 7, 42: 7, 4: 3 } as const;

/** The direct kernel `name` and Winograd's, `<name>_winograd<tile>`, in a file of their own. */
export function withWinograd(name: string, direct: Kernel, shapeOf: (io: Io) => WinogradShape): Choice {
  const kernels: Record<string, Kernel> = { [name]: direct };
  for (const [tile, [h, w]] of Object.entries(TILES)) {
    kernels[`${name}_winograd${tile}`] = {
      source: `${name}_winograd`,
      scratch: (io) => winogradBytes([h, w], shapeOf(io)),
      prepared: { from: "w", bytes: (io) => (4 * (h + 2) * (w + 2) * sizeOf(io.shape("w"))) / 9 },
    };
  }
  return {
    kernels,
    choose(io) {
      const tile = winogradTile(io, shapeOf(io));
      return tile === 0 ? name : `${name}_winograd${tile}`;
    },
  };
}

/** Of conv2d, and of every op with its slots. */
export function forwardShape(io: Io): WinogradShape {
  const [filters = 1, channels = 1] = io.shape("w");
  const [, , h = 1, w = 1] = io.shape("y");
  return { channels, filters, width: io.shape("x")[3] ?? 1, padding: io.attrs.padding, out: [h, w] };
}
