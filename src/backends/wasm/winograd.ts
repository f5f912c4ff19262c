/** Which convolutions go through Winograd's transforms (`assembly/winograd.ts`), with tiles of what size, and what that takes. */
import type { Choice, Io, Kernel } from "./lowering.ts";
import { type WinogradShape, winogradBytes } from "./scratch.ts";

/** Taps in a part of 3 × 3, in the mean. */
const MIN_TAPS = 5;
/** One or two filters are done before their input is transformed. */
const MIN_FILTERS = 3;
/** Fewer tiles of 4 × 4 than this use each of their transformed weights, which are 4 times as many as the window's, too seldom. */
const MIN_TILES = 10;
/** More weights than this, transformed to 24 products, outgrow a core's cache. */
const MAX_WEIGHTS = 1 << 14;
/** Transforms grow with channels plus filters, what they save with their product: from these harmonic means on they paid, measured at 8 to 32 pixels a side. */
const WORTH = 3;
/** The same for smaller tiles, which save less. */
const WORTH_SMALL = 7;
/** With larger windows the direct kernel has longer sums, and is the better for it: there they paid from so many times the mean on, measured at 8 to 28 pixels. */
const SEVERAL = 3;

/** Kernels by the end of their names, and their tiles: height and width in pixels. */
const TILES = { 2: [2, 2], 42: [4, 2], 4: [4, 4] } as const;
type Tile = keyof typeof TILES;

/**
 * Which tiles, or 0 for the direct kernel: a pure function of shapes but for the batch.
 *
 * Padding of less than half a window: of outputs that see nothing but padding, transforms make noise instead of zeros.
 */
export function winogradTile(io: Io, shape: WinogradShape): 0 | Tile {
  const { channels, filters, window, out, padding } = shape;
  const { stride, dilation, groups } = io.attrs;
  const ones = [...stride, ...dilation, groups].every((value) => value === 1);
  if (!ones || filters < MIN_FILTERS || padding.some((pixels, side) => pixels < 0 || 2 * pixels >= (window[side % 2] as number))) return 0;
  const parts = partsOf(window);
  // parts that are full of zeros
  if (window[0] * window[1] < MIN_TAPS * parts) return 0;
  const weights = channels * filters;
  const tile = Math.ceil(out[0] / 4) * Math.ceil(out[1] / 4) >= MIN_TILES ? 4 : weights > MAX_WEIGHTS ? 2 : 42;
  return 2 * weights < (tile === 4 ? WORTH : WORTH_SMALL) * (parts > 1 ? SEVERAL : 1) * (channels + filters) ? 0 : tile;
}

/** The direct kernel `name` and Winograd's, `<name>_winograd<tile>`, in a file of their own. */
export function withWinograd(name: string, direct: Kernel, shapeOf: (io: Io) => WinogradShape): Choice {
  const kernels: Record<string, Kernel> = { [name]: direct };
  for (const [tile, [h, w]] of Object.entries(TILES)) {
    kernels[`${name}_winograd${tile}`] = {
      source: `${name}_winograd`,
      scratch: (io) => winogradBytes([h, w], shapeOf(io)),
      prepared: {
        from: "w",
        bytes: (io) => {
          const { channels, filters } = shapeOf(io);
          return 4 * (h + 2) * (w + 2) * channels * filters;
        },
      },
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

/** Of a tensor [n, c, h, w]. */
export const sidesOf = (io: Io, slot: string): readonly [h: number, w: number] => io.shape(slot).slice(2) as [number, number];

/** Parts of 3 × 3 taps that a window is cut into. */
export const partsOf = ([h, w]: WinogradShape["window"]): number => Math.ceil(h / 3) * Math.ceil(w / 3);

/** Of conv2d, and of every op with its slots. */
export function forwardShape(io: Io): WinogradShape {
  const [filters = 1, channels = 1] = io.shape("w");
  const window = sidesOf(io, "w");
  const { padding } = io.attrs;
  return { channels: channels * partsOf(window), filters, window, width: sidesOf(io, "x")[1], padding, out: sidesOf(io, "y") };
}
