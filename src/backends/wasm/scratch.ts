/**
 * Scratch memory of the matrix kernels, per worker. The kernels (`assembly/conv2d*.ts`, `linear*.ts`) divide what they get; here stands only how much
 * is worth having, and the least that they can work with.
 */

/** Numbers that the kernels share; `assembly/generated/scratch.ts` is made from them. */
export const SCRATCH = {
  /** Bytes for a kernel's structs. */
  STRUCTS: 256,
  /** Rows of a register tile at most: six, or fewer in the baseline build (see `assembly/rows.ts`). */
  MAX_ROWS: 6,
  /** Planes lie an odd number of cache lines apart; a line's bytes. */
  LINE: 64,
  /** Bytes behind the last plane that copies may write and vectors may read. */
  SLACK: 64,
  /** Repetitions of the last entry of a list of vectors: tiles take up to four at once. */
  SPARE_SPOTS: 3,
  /** Columns of a dense product that are multiplied in one go, at most. */
  RUN: 1024,
  /** Winograd's struct and factors; four tiles on their way back and their pixels; and the transformed tiles of a band, in bytes, unless so many tiles are more. */
  WINOGRAD_STRUCTS: 512,
  WINOGRAD_TILE: 640,
  WINOGRAD_BAND: 160 * 1024,
  WINOGRAD_TILES: 16,
  /** Tiles that are worth the handling of their sums, in the gradient by the weights. */
  DW_TILES: 24,
} as const;

const { STRUCTS, MAX_ROWS, LINE, SLACK, SPARE_SPOTS, RUN, WINOGRAD_STRUCTS, WINOGRAD_TILE, WINOGRAD_BAND, WINOGRAD_TILES, DW_TILES } =
  SCRATCH;
/** Planes and packed weights get this much each, so that both stay in a second-level cache of 256 KB or more. */
const HALF = 128 * 1024;
/** Bytes of packed memory for each number along a sum: a block of rows and an offset, as floats (weights) or as vectors (dy, x). */
const RECORD = 4 * (MAX_ROWS + 1);
const VECTOR_RECORD = 16 * (MAX_ROWS + 1);
/** Bytes of the kernels' structs Spot and Tap. */
const SPOT = 8;
const TAP = 8;

/** A convolution or one of its gradients, as its kernel sees it, along both axes. */
export interface Window {
  /** Planes that a band is made of: channels of one group. */
  readonly channels: number;
  /** How far the taps reach from the first one, in pixels of the image, and the image's pixels between neighbours in a plane. */
  readonly reach: readonly [h: number, w: number];
  readonly step: readonly [h: number, w: number];
  /** Output pixels in a row. */
  readonly cols: number;
  /** Taps of one channel. */
  readonly taps: number;
}

/** Bytes of the planes of a band of `rows` output rows; rounding to an odd number of lines adds less than two. */
function planeBytes({ channels, reach, step, cols }: Window, rows: number): number {
  const along = (axis: 0 | 1) => ({ phases: Math.min(step[axis], reach[axis] + 1), halo: Math.floor(reach[axis] / step[axis]) });
  const [h, w] = [along(0), along(1)];
  const plane = 4 * (rows + h.halo) * (cols + w.halo) + 2 * LINE;
  return channels * h.phases * w.phases * plane + SLACK;
}

const wholeLines = (bytes: number): number => LINE * Math.ceil(bytes / LINE);
const vectorsOf = (cols: number): number => Math.ceil(cols / 4);

/** Of a tile of 4 × 4 pixels. */
const WINOGRAD_PRODUCTS = 36;

/** For conv2d and conv2d_dx. One row would do; four of them keep halos cheap. */
export function convBytes(window: Window): number {
  const band = planeBytes(window, 4) + SPOT * (4 * vectorsOf(window.cols) + SPARE_SPOTS);
  return STRUCTS + TAP * window.taps + 4 * window.taps * window.channels + wholeLines(Math.max(HALF, band));
}

/** A convolution, or its gradient with respect to x, as Winograd's kernel sees it. */
export interface WinogradShape {
  /** Times the parts of 3 × 3 taps that the window is cut into. */
  readonly channels: number;
  readonly filters: number;
  readonly window: readonly [h: number, w: number];
  /** Of the planes that are read. */
  readonly width: number;
  /** [top, left, bottom, right] */
  readonly padding: readonly number[];
  readonly out: readonly [h: number, w: number];
}

/** For Winograd's convolution with tiles of h × w pixels: the transformed tiles of a band, and sums of at least one block of filters for them. */
export function winogradBytes([h, w]: readonly [h: number, w: number], shape: WinogradShape): number {
  const { channels, filters, window, width, padding, out } = shape;
  const products = (h + 2) * (w + 2);
  const [rows, cols] = [Math.ceil(out[0] / h), Math.ceil(out[1] / w)];
  const vectors = vectorsOf(cols);
  const fits = Math.floor(WINOGRAD_BAND / (4 * products * channels * cols));
  // as `shape` in assembly/winograd.ts has it
  const step = cols % 2 ? 1 : cols % 4 ? 4 : 2;
  const band = Math.min(rows, step * Math.ceil(Math.max(fits, Math.ceil(WINOGRAD_TILES / cols)) / step));
  const row = 32 * Math.ceil(((band - 1) * cols + 4 * vectors) / 8);
  const sums = Math.min(filters, Math.max(MAX_ROWS, Math.floor(HALF / (products * row))));
  const lines = 4 * (width + 20) + (h + 2) * 4 * (4 * vectors * w + (padding[1] ?? 0) + window[1] + 7);
  return WINOGRAD_STRUCTS + lines + WINOGRAD_TILE + products * ((channels + sums) * row + 4 * LINE);
}

/** For conv2d_dw, which takes as many channels at once as fit. */
export function convWeightBytes(window: Window): number {
  const cols = 4 * vectorsOf(window.cols);
  const block = 4 * (window.taps + 4) + VECTOR_RECORD * vectorsOf(cols);
  return STRUCTS + 2 * wholeLines(Math.max(HALF, planeBytes({ ...window, channels: 1, cols }, 1), block));
}

/** For conv2d_dw_winograd: a chunk's transformed tiles, and all sums. */
export function convWeightWinogradBytes({ channels, filters, width, out: [, ow] }: WinogradShape): number {
  const cols = Math.ceil(ow / 4);
  const [c, o] = [vectorsOf(channels), vectorsOf(filters)];
  const fits = Math.floor(WINOGRAD_BAND / (16 * WINOGRAD_PRODUCTS * (c + o)));
  const tiles = Math.max(cols, Math.max(fits, DW_TILES));
  const lines = 4 * (Math.max(width, ow) + 8) + 2 * 4 * 6 * 4 * (4 * cols + 8);
  return WINOGRAD_STRUCTS + lines + WINOGRAD_TILE + LINE + WINOGRAD_PRODUCTS * (16 * (tiles * (c + o) + 4 * o * c) + 3 * 2 * LINE);
}

/** For linear, with sums over `k` numbers. */
export const dotBytes = (k: number): number => STRUCTS + VECTOR_RECORD * vectorsOf(k);

/** For linear_dx and linear_dw, with sums over `k` numbers. */
export const outerBytes = (k: number): number => STRUCTS + SPOT * (vectorsOf(RUN) + SPARE_SPOTS) + TAP + Math.max(HALF, RECORD * k);
