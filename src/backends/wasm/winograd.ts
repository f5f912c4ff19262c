/** Which convolutions go through Winograd's transforms (`assembly/winograd.ts`), with tiles of what size, and what that takes. */
import { sizeOf } from "../../graph/graph.ts";
import type { Choice, Io, Kernel } from "./lowering.ts";
import { type WinogradShape, winogradBytes } from "./scratch.ts";

/**
 * The size of the tiles, 2 or 4, or 0 for the direct kernel: a pure function of shapes but for the batch.
 *
 * Padding of one pixel at most: of outputs that see nothing but padding, transforms make noise instead of zeros.
 */
export function winogradTile(io: Io, { channels, filters, out: [h, w], padding }: WinogradShape): 0 | 2 | 4 {
  const [, , kh, kw] = io.shape("w");
  const { stride, dilation, groups } = io.attrs;
  const ones = [...stride, ...dilation, groups].every((value) => value === 1);
  if (!ones || kh !== 3 || kw !== 3 || padding.some((pixels) => pixels < 0 || pixels > 1)) return 0;
  const m = Math.ceil(h / 4) * Math.ceil(w / 4) < MIN_TILES ? 2 : 4;
  return 2 * channels * filters < WORTH[m] * (channels + filters) ? 0 : m;
}

/** Fewer tiles of 4 × 4 than this use each of their transformed weights, which are 4 times as many, too seldom. */
const MIN_TILES = 9;
/** Transforms grow with channels plus filters, what they save with their product: from these harmonic means on they paid, measured at 8 to 32 pixels a side. */
const WORTH = { 2: 12, 4: 5 } as const;

/** The direct kernel `name` and Winograd's: `<name>_winograd2` and `<name>_winograd4` in a file of their own. */
export function withWinograd(name: string, direct: Kernel, shapeOf: (io: Io) => WinogradShape): Choice {
  const kernel = (m: number): Kernel => ({
    source: `${name}_winograd`,
    scratch: (io) => winogradBytes(m, shapeOf(io)),
    prepared: { from: "w", bytes: (io) => (4 * (m + 2) ** 2 * sizeOf(io.shape("w"))) / 9 },
  });
  return {
    kernels: { [name]: direct, [`${name}_winograd2`]: kernel(2), [`${name}_winograd4`]: kernel(4) },
    choose(io) {
      const m = winogradTile(io, shapeOf(io));
      return m === 0 ? name : `${name}_winograd${m}`;
    },
  };
}

/** Of conv2d, and of every op with its slots. */
export function forwardShape(io: Io): WinogradShape {
  const [filters = 1, channels = 1] = io.shape("w");
  const [, , h = 1, w = 1] = io.shape("y");
  return { channels, filters, width: io.shape("x")[3] ?? 1, padding: io.attrs.padding, out: [h, w] };
}
