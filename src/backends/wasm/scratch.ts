/**
 * Scratch memory of the matrix kernels, per worker. The kernels (`assembly/conv2d*.ts`, `linear*.ts`) divide what they get; here stands only how much
 * is worth having, and the least that they can work with.
 */

/** Bytes for the kernels' structs. */
const STRUCTS = 256;
/** Planes and packed weights get this much each, so that both stay in a second-level cache of 256 KB or more. */
const HALF = 128 * 1024;
/** Bytes of packed memory for each number along a sum: a block of six rows and an offset, as floats (weights) or as vectors (dy, x). */
const RECORD = 4 * 7;
const VECTOR_RECORD = 16 * 7;
/** Bytes of a list entry for each vector of an output row, and how many are spare. */
const SPOT = 8;
const SPARE_SPOTS = 3;
/** A run of columns of the dense products. */
const RUN_VECTORS = 256;

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

/** Bytes of the planes of the smallest band, one output row. */
function planeBytes({ channels, reach, step, cols }: Window): number {
  const along = (axis: 0 | 1) => ({ phases: Math.min(step[axis], reach[axis] + 1), halo: Math.floor(reach[axis] / step[axis]) });
  const [h, w] = [along(0), along(1)];
  const rows = 4 * (h.halo + 1) * (cols + w.halo);
  return channels * h.phases * w.phases * (rows + 128) + 64;
}

const vectorsOf = (cols: number): number => Math.ceil(cols / 4);

/** For conv2d and conv2d_dx. */
export function convBytes(window: Window): number {
  const band = planeBytes(window) + SPOT * (vectorsOf(window.cols) + SPARE_SPOTS);
  const weights = 8 * window.taps + RECORD * window.taps * window.channels;
  return STRUCTS + 2 * Math.max(HALF, band, weights);
}

/** For conv2d_dw. */
export function convWeightBytes(window: Window): number {
  const cols = 4 * vectorsOf(window.cols);
  const block = 4 * (window.taps + 4) + VECTOR_RECORD * vectorsOf(cols);
  return STRUCTS + 2 * Math.max(HALF, planeBytes({ ...window, cols }), block);
}

/** For linear, with sums over `k` numbers. */
export const dotBytes = (k: number): number => STRUCTS + VECTOR_RECORD * vectorsOf(k);

/** For linear_dx and linear_dw, with sums over `k` numbers. */
export const outerBytes = (k: number): number => STRUCTS + SPOT * (RUN_VECTORS + SPARE_SPOTS + 1) + Math.max(HALF, RECORD * k);
