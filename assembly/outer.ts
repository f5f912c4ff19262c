/**
 * Matrix product by outer products: `y[m, v] = slope[m] · act( bias[m] + Σ_k a[m, k] · b[k, v] + residual[m, v] )`, where v are vectors of four
 * neighbouring pixels (or columns).
 *
 *   a  packed into a panel: blocks of up to six rows, and in each block, for each k, the block's weights. panel.ts makes it.
 *   b  vector v of row k lies at b + offsets[k] + spot.from. Rows may lie anywhere: a convolution's taps need no unfolding.
 *   y  vector v of row m lies at y + m · y_row + spot.to; with a table of places, at row places[m] of y.
 *
 * A tile is a block by two vectors (one or two rows by four), whose sums stay in registers. Every output is one chain of multiply-adds in the order
 * of k, whatever the tile: how the work is split never changes a bit.
 */
import { activate, clamp, highest, lowest } from "./activate";
import { entry, nth } from "./parts";
import { most_rows, Rows1, Rows2, Rows3, Rows4, Rows5, Rows6, row_blocks } from "./rows";
import { fma, share } from "./simd";

/** A vector's offsets in b and in y. */
@unmanaged
export class Spot {
  from: usize;
  to: usize;
}

@unmanaged
export class Outer {
  /** Number of rows. */
  m: i32;
  /** Length of the sums. */
  k: i32;
  /** The blocks to compute, of all that the rows are cut into. */
  first_block: i32;
  end_block: i32;
  /** The packed weights of all rows. */
  panel: usize;
  /** Where each row of b begins. */
  offsets: usize;
  b: usize;
  /** A list of `vectors` spots and SPARE_SPOTS repetitions of the last one, since tiles take two or four at once. */
  spots: usize;
  vectors: i32;
  y: usize;
  y_row: usize;
  /** How many pixels of each vector are stored, and how many bytes apart: 4 and 4 where vectors are stored whole. */
  lanes: i32;
  lane_bytes: usize;
  /** For each row the row of y that it goes to, or 0: its own. */
  places: usize;
  /** One number per row, or 0. */
  bias: usize;
  /** One number per row of y, or 0. */
  slope: usize;
  /** What is added, in rows as far apart as those of y, or 0. */
  residual: usize;
  /** For each row of y the row of residual that it adds, −1 for none; or 0: its own. */
  shortcut: usize;
  /** Code of the activation. */
  fn: i32;
  /** Whole stores of clamped sums, and nothing else. */
  plain: bool;
}

/** Computes the rows of y that belong to the blocks. */
export function outer(t: Outer): void {
  t.plain = !t.places && !t.slope && !t.residual && t.lanes == 4 && t.lane_bytes == 4;
  const blocks = row_blocks(t.m);
  for (let block = t.first_block; block < t.end_block; block++) {
    const row = share(t.m, block, blocks);
    const rows = share(t.m, block + 1, blocks) - row;
    const panel = nth(t.panel, row * t.k);
    if (rows < 3) narrow_block(t, panel, row, rows);
    else wide_block(t, panel, row, rows);
  }
}

/** The tiles get the positions of their vectors as arguments: engines move sums into the loops that use them, but not what is passed. */
function wide_block(t: Outer, panel: usize, row: i32, rows: i32): void {
  const end = t.spots + <usize>t.vectors * offsetof<Spot>();
  for (let at = t.spots; at < end; at += 2 * offsetof<Spot>()) {
    const from = spot(at, 0).from;
    const b = t.b + from;
    const apart = spot(at, 1).from - from;
    if (most_rows() > 5 && rows == 6) wide_tile<Rows6>(t, panel, row, at, b, apart);
    else if (rows == 5) wide_tile<Rows5>(t, panel, row, at, b, apart);
    else if (rows == 4) wide_tile<Rows4>(t, panel, row, at, b, apart);
    else wide_tile<Rows3>(t, panel, row, at, b, apart);
  }
}

function narrow_block(t: Outer, panel: usize, row: i32, rows: i32): void {
  const end = t.spots + <usize>t.vectors * offsetof<Spot>();
  for (let at = t.spots; at < end; at += 4 * offsetof<Spot>()) {
    const from = spot(at, 0).from;
    const b = t.b + from;
    const apart1 = spot(at, 1).from - from;
    const apart2 = spot(at, 2).from - from;
    const apart3 = spot(at, 3).from - from;
    if (rows == 2) narrow_tile<Rows2>(t, panel, row, at, b, apart1, apart2, apart3);
    else narrow_tile<Rows1>(t, panel, row, at, b, apart1, apart2, apart3);
  }
}

/** Spot number `index` of those from `at`. */
// @ts-ignore: decorator
@inline
function spot(at: usize, index: i32): Spot {
  return changetype<Spot>(at + index * offsetof<Spot>());
}

/** Three to six rows by two vectors. */
function wide_tile<R>(t: Outer, panel: usize, row: i32, at: usize, b: usize, apart: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  if (t.bias) {
    const bias = nth(t.bias, row);
    c00 = c01 = v128.load32_splat(bias);
    c10 = c11 = v128.load32_splat(bias, 4);
    c20 = c21 = v128.load32_splat(bias, 8);
    if (offsetof<R>() > 3) c30 = c31 = v128.load32_splat(bias, 12);
    if (offsetof<R>() > 4) c40 = c41 = v128.load32_splat(bias, 16);
    if (offsetof<R>() > 5) c50 = c51 = v128.load32_splat(bias, 20);
  }
  let offset = t.offsets;
  const end = nth(offset, t.k);
  for (; offset < end; offset += 4) {
    const from = b + load<usize>(offset);
    const x0 = v128.load(from);
    const x1 = v128.load(from + apart);
    let w = v128.load32_splat(panel);
    c00 = fma(w, x0, c00);
    c01 = fma(w, x1, c01);
    w = v128.load32_splat(panel, 4);
    c10 = fma(w, x0, c10);
    c11 = fma(w, x1, c11);
    w = v128.load32_splat(panel, 8);
    c20 = fma(w, x0, c20);
    c21 = fma(w, x1, c21);
    if (offsetof<R>() > 3) {
      w = v128.load32_splat(panel, 12);
      c30 = fma(w, x0, c30);
      c31 = fma(w, x1, c31);
    }
    if (offsetof<R>() > 4) {
      w = v128.load32_splat(panel, 16);
      c40 = fma(w, x0, c40);
      c41 = fma(w, x1, c41);
    }
    if (offsetof<R>() > 5) {
      w = v128.load32_splat(panel, 20);
      c50 = fma(w, x0, c50);
      c51 = fma(w, x1, c51);
    }
    panel += offsetof<R>() * 4;
  }
  if (t.plain) {
    const low = lowest(t.fn);
    const high = highest(t.fn);
    const apart = spot(at, 1).to - spot(at, 0).to;
    const y_row = t.y_row;
    const y = t.y + <usize>row * y_row + spot(at, 0).to;
    store_pair(y, apart, clamp(c00, low, high), clamp(c01, low, high));
    store_pair(y + y_row, apart, clamp(c10, low, high), clamp(c11, low, high));
    store_pair(y + 2 * y_row, apart, clamp(c20, low, high), clamp(c21, low, high));
    if (offsetof<R>() > 3) store_pair(y + 3 * y_row, apart, clamp(c30, low, high), clamp(c31, low, high));
    if (offsetof<R>() > 4) store_pair(y + 4 * y_row, apart, clamp(c40, low, high), clamp(c41, low, high));
    if (offsetof<R>() > 5) store_pair(y + 5 * y_row, apart, clamp(c50, low, high), clamp(c51, low, high));
    return;
  }
  finish(t, row, at, c00, c01);
  finish(t, row + 1, at, c10, c11);
  finish(t, row + 2, at, c20, c21);
  if (offsetof<R>() > 3) finish(t, row + 3, at, c30, c31);
  if (offsetof<R>() > 4) finish(t, row + 4, at, c40, c41);
  if (offsetof<R>() > 5) finish(t, row + 5, at, c50, c51);
}

/** One or two rows by four vectors: enough independent sums to hide a multiply-add's latency. */
function narrow_tile<R>(t: Outer, panel: usize, row: i32, at: usize, b: usize, apart1: usize, apart2: usize, apart3: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  if (t.bias) {
    const bias = nth(t.bias, row);
    c00 = c01 = c02 = c03 = v128.load32_splat(bias);
    if (offsetof<R>() > 1) c10 = c11 = c12 = c13 = v128.load32_splat(bias, 4);
  }
  let offset = t.offsets;
  const end = nth(offset, t.k);
  for (; offset < end; offset += 4) {
    const from = b + load<usize>(offset);
    const x0 = v128.load(from);
    const x1 = v128.load(from + apart1);
    const x2 = v128.load(from + apart2);
    const x3 = v128.load(from + apart3);
    let w = v128.load32_splat(panel);
    c00 = fma(w, x0, c00);
    c01 = fma(w, x1, c01);
    c02 = fma(w, x2, c02);
    c03 = fma(w, x3, c03);
    if (offsetof<R>() > 1) {
      w = v128.load32_splat(panel, 4);
      c10 = fma(w, x0, c10);
      c11 = fma(w, x1, c11);
      c12 = fma(w, x2, c12);
      c13 = fma(w, x3, c13);
    }
    panel += offsetof<R>() * 4;
  }
  const rest = at + 2 * offsetof<Spot>();
  finish(t, row, at, c00, c01);
  finish(t, row, rest, c02, c03);
  if (offsetof<R>() > 1) {
    finish(t, row + 1, at, c10, c11);
    finish(t, row + 1, rest, c12, c13);
  }
}

// @ts-ignore: decorator
@inline
function store_pair(y: usize, apart: usize, c0: v128, c1: v128): void {
  v128.store(y, c0);
  v128.store(y + apart, c1);
}

/** The epilogue, and stores of all kinds. */
function finish(t: Outer, row: i32, at: usize, c0: v128, c1: v128): void {
  const place = entry(t.places, row);
  const y = t.y + <usize>place * t.y_row;
  const y0 = y + spot(at, 0).to;
  const y1 = y + spot(at, 1).to;
  const added = t.residual ? entry(t.shortcut, place) : -1;
  if (added >= 0) {
    const residual = t.residual + <usize>added * t.y_row;
    c0 = f32x4.add(c0, v128.load(residual + spot(at, 0).to));
    c1 = f32x4.add(c1, v128.load(residual + spot(at, 1).to));
  }
  if (t.fn) {
    c0 = activate(t.fn, c0);
    c1 = activate(t.fn, c1);
  }
  if (t.slope) {
    const slope = v128.load32_splat(nth(t.slope, place));
    c0 = f32x4.mul(slope, c0);
    c1 = f32x4.mul(slope, c1);
  }
  if (t.lanes == 4 && t.lane_bytes == 4) {
    v128.store(y0, c0);
    v128.store(y1, c1);
  } else {
    scatter(t, y0, c0);
    scatter(t, y1, c1);
  }
}

/** Stores a vector's pixels one by one. */
function scatter(t: Outer, y: usize, c: v128): void {
  v128.store32_lane(y, c, 0);
  if (t.lanes > 1) v128.store32_lane(y + t.lane_bytes, c, 1);
  if (t.lanes > 2) v128.store32_lane(y + 2 * t.lane_bytes, c, 2);
  if (t.lanes > 3) v128.store32_lane(y + 3 * t.lane_bytes, c, 3);
}
