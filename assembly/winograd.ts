/**
 * Convolution with stride 1 by Winograd's transforms: tiles of h × w pixels of y (each 2 or 4) take (h + 2) (w + 2) products each instead of 9 h w for a window
 * of 3 × 3. Larger windows are cut into parts of 3 × 3 taps, as though each part read a channel of its own: a sum over parts costs no more than one over channels.
 *
 *   1. input: tiles of x, (h + 2) × (w + 2) pixels that overlap by two, are transformed: v [product][channel][tile]
 *   2. for each product a matrix product (product.ts) of the prepared weights [product][filter][channel] with v: sums [product][filter][tile]
 *   3. output: sums are transformed back, and go through the epilogue to y.
 *
 * Tiles of several rows lie one behind the other, four in a vector, so that rows of any length fill vectors. The work goes band by band (some rows of tiles)
 * and, where there are many, filters by parts. Every tile is computed alike whatever the band, so how the work is split changes no bit.
 *
 * Scratch: the struct, rows of an image under transformation, v, and sums.
 */
import { WINOGRAD_BAND, WINOGRAD_STRUCTS, WINOGRAD_TILE, WINOGRAD_TILES } from "./generated/scratch";
import { bytes, entry, nth } from "./parts";
import { multiply } from "./product";
import { most_rows, row_blocks } from "./rows";
import { share } from "./simd";
import { input_rows } from "./winograd_input";
import { output_rows } from "./winograd_output";
import { set_factors, weights } from "./winograd_transforms";

@unmanaged
export class Winograd {
  /** The tile's size, and products of a tile. */
  tile_h: i32;
  tile_w: i32;
  products: i32;
  /** Images, and the planes of x: w × h pixels, padded above and on the left. */
  n: i32;
  h: i32;
  w: i32;
  top: i32;
  left: i32;
  /** The window is cut into parts of 3 × 3 taps: for each channel of x there are parts_h · parts_w here, one behind the other. */
  parts_h: i32;
  parts_w: i32;
  channels: i32;
  /** Channels of x in memory, and for each channel its place among them, or 0. */
  xc: i32;
  gather: usize;
  x: usize;
  /** Planes of y. */
  oh: i32;
  ow: i32;
  filters: i32;
  yc: i32;
  y: usize;
  /** The epilogue, as in outer.ts. */
  places: usize;
  bias: usize;
  slope: usize;
  residual: usize;
  rc: i32;
  shortcut: usize;
  fn: i32;
  prepared: usize;
  /** Tiles along a row and rows of tiles; vectors that a row of tiles is transformed in. */
  tile_cols: i32;
  tile_rows: i32;
  vectors: i32;
  /** Rows of tiles in a band at most. */
  band: i32;
  /** Bytes of v's rows, and from one product to the next in v and in sums. */
  row: usize;
  v_product: usize;
  sums_product: usize;
  v: usize;
  sums: usize;
  /** Blocks of filters whose sums have room. */
  blocks: i32;
  /** Rows of an image under transformation, `line` bytes apart; a row of zeros; room for four tiles, and for their pixels; the transforms' factors. */
  lines: usize;
  line: usize;
  zeros: usize;
  tile: usize;
  factors: usize;
}

/** Sets what follows from the numbers and pointers of x and y, and divides scratch memory. */
function shape(t: Winograd, scratch: usize, room: i32): void {
  t.tile_cols = (t.ow + t.tile_w - 1) / t.tile_w;
  t.tile_rows = (t.oh + t.tile_h - 1) / t.tile_h;
  t.vectors = (t.tile_cols + 3) >> 2;
  // weights are read once for each band: it should have some tiles, whatever its size
  const fits = WINOGRAD_BAND / (t.products * t.channels * t.tile_cols * 4);
  const least = max(fits, (WINOGRAD_TILES + t.tile_cols - 1) / t.tile_cols);
  // products take eight tiles at once: as few rows as fill them, but for odd numbers of tiles, which take eight rows
  const step = t.tile_cols & 1 ? 1 : t.tile_cols & 2 ? 4 : 2;
  t.band = min(t.tile_rows, (least + step - 1) & -step);
  // a row's last vector may overhang; products take two at once
  t.row = bytes(((t.band - 1) * t.tile_cols + 4 * t.vectors + 7) & ~7);
  t.v_product = odd_lines(<usize>t.channels * t.row);
  t.factors = scratch + offsetof<Winograd>();
  t.zeros = scratch + WINOGRAD_STRUCTS;
  t.line = bytes(4 * t.vectors * t.tile_w + t.left + 3 * t.parts_w + 5);
  t.lines = (t.zeros + bytes(t.w + 16) + 15) & ~15;
  t.tile = t.lines + <usize>(t.tile_h + 2) * t.line;
  t.v = (t.tile + WINOGRAD_TILE + 63) & ~63;
  t.sums = t.v + <usize>t.products * t.v_product;
  const left = room - <i32>(t.sums - scratch) - t.products * 128;
  const rows = min(t.filters, left / (t.products * <i32>t.row));
  t.blocks = rows == t.filters ? row_blocks(rows) : rows / most_rows();
  if (t.blocks < 1) unreachable();
  t.sums_product = odd_lines(<usize>rows * t.row);
}

/** Rounds up to an odd number of cache lines: with powers of two, all products of a tile would share a few sets of the cache. */
export function odd_lines(size: usize): usize {
  return ((size + 63) | 64) & ~63;
}

/** Computes this worker's share of y. The tile's size, images, planes, epilogue and weights are set. */
export function winograd(t: Winograd, scratch: usize, room: i32, worker: i32, workers: i32): void {
  // few images are shared out by filters where the weights outgrow a core's cache, else by rows of tiles
  t.products = (t.tile_h + 2) * (t.tile_w + 2);
  shape(t, scratch, room);
  const by_filters = t.n < workers && (t.products * t.channels * t.filters > 1 << 18 || t.tile_rows * t.tile_cols < 8 * workers);
  const all = row_blocks(t.filters);
  const total = t.n * t.tile_rows;
  let row = by_filters ? 0 : share(total, worker, workers);
  const end_row = by_filters ? total : share(total, worker + 1, workers);
  const first_block = by_filters ? share(all, worker, workers) : 0;
  const end_block = by_filters ? share(all, worker + 1, workers) : all;
  if (row == end_row || first_block == end_block) return;

  set_factors(t.factors);
  memory.fill(t.zeros, 0, t.tile - t.zeros);
  for (let rows = 0; row < end_row; row += rows) {
    const image = row / t.tile_rows;
    const first = row % t.tile_rows;
    rows = min(t.band, min(t.tile_rows - first, end_row - row));
    const end_v = t.v + <usize>t.channels * t.row;
    for (let c = 0, v = t.v; v < end_v; c++) {
      const plane = nth(t.x, (image * t.xc + entry(t.gather, c)) * t.h * t.w);
      v = input_rows(t, plane, first, rows, v);
    }
    for (let block = first_block; block < end_block; block += t.blocks) {
      const next = min(end_block, block + t.blocks);
      const width = bytes(rows * t.tile_cols);
      multiply(t.products, t.prepared, t.filters, t.channels, block, next, t.v, t.v_product, t.sums, t.sums_product, t.row, width);
      const from = share(t.filters, block, all);
      const end = share(t.filters, next, all);
      for (let filter = from; filter < end; filter++) {
        output_rows(t, image, filter, first, rows, t.sums + <usize>(filter - from) * t.row);
      }
    }
  }
}

/**
 * Transforms and packs the worker's share of the weights: filter f's for channel c, kh × kw taps, begin at `from` + f · filter + c · channel, and stand `tap` bytes
 * apart there (−4 with the last one first, for weights that are turned round). `room`: 1 KB for a part of a window under transformation.
 */
export function prepare(
  h: i32,
  w: i32,
  to: usize,
  from: usize,
  filters: i32,
  channels: i32,
  filter: usize,
  channel: usize,
  kh: i32,
  kw: i32,
  tap: i32,
  worker: i32,
  workers: i32,
  room: usize,
): void {
  const blocks = row_blocks(filters);
  const end = share(blocks, worker + 1, workers);
  const all = channels * parts_of(kh) * parts_of(kw);
  const product = bytes(filters * all);
  const lines = room + 128;
  const half = room + 512;
  for (let block = share(blocks, worker, workers); block < end; block++) {
    const row = share(filters, block, blocks);
    const rows = share(filters, block + 1, blocks) - row;
    // in the order in which they are written
    let into = nth(to, row * all);
    for (let c = 0; c < channels; c++) {
      for (let top = 0; top < kh; top += 3) {
        for (let left = 0; left < kw; left += 3) {
          for (let r = 0; r < rows; r++) {
            const window = from + <usize>(row + r) * filter + <usize>c * channel;
            for (let i = 0; i < 3; i++) {
              for (let j = 0; j < 3; j++) {
                // taps behind the window's end are zeros
                const inside = top + i < kh && left + j < kw;
                store<f64>(room + 32 * i + 8 * j, inside ? load<f32>(window + ((top + i) * kw + left + j) * tap) : 0);
              }
            }
            // [row][column] to [column's point][row] to [row's point][column's point]
            for (let i = 0; i < 3; i++) weights(w, room + 32 * i, lines + 8 * i, 32);
            for (let j = 0; j < w + 2; j++) weights(h, lines + 32 * j, half + 8 * j, 64);
            let at = into;
            for (let i = 0; i < h + 2; i++) {
              for (let j = 0; j < w + 2; j++) {
                store<f32>(at, <f32>load<f64>(half + 64 * i + 8 * j));
                at += product;
              }
            }
            into += 4;
          }
        }
      }
    }
  }
}

/** Parts of three taps that a window's side is cut into. */
// @ts-ignore: decorator
@inline
export function parts_of(taps: i32): i32 {
  return (taps + 2) / 3;
}
