/**
 * Matrix product by outer products: `y[m, v] = slope[m] · act( bias[m] + residual[m, v] + Σ_k a[m, k] · b[k, v] )`, where v are vectors of four
 * neighbouring pixels (or columns).
 *
 *   a  packed into a panel: blocks of up to six rows, and in each block one record per k: { where row k of b lies: usize, the block's weights: f32 … }.
 *      A record is all that a turn of the innermost loop reads besides b: one pointer, few registers (engines on x86 have 16 and no more).
 *   b  vector v of row k lies at b + (offset in the record) + spot.from. Rows may lie anywhere: a convolution's taps need no unfolding.
 *   y  vector v of row m lies at y + m · y_row + spot.to.
 *
 * A tile is a block by two vectors (one or two rows by four), whose sums stay in registers. Every output is one chain of multiply-adds in the order
 * of k, whatever the tile: how the work is split never changes a bit.
 */
import { activate } from "./activate";
import { nth } from "./parts";
import { MAX_ROWS, row_blocks, Rows1, Rows2, Rows3, Rows4, Rows5, Rows6 } from "./rows";
import { fma, share } from "./simd";

/** A vector's offsets in b and in y. */
@unmanaged
export class Spot {
  from: usize;
  to: usize;
}

/** Tiles take two or four vectors at once; lists of spots end with this many repetitions of the last one. */
export const SPARE_SPOTS: i32 = 3;

@unmanaged
export class Outer {
  /** Number of rows. */
  m: i32;
  /** Length of the sums. */
  k: i32;
  panel: usize;
  b: usize;
  /** A list of `vectors` spots and the spare ones. */
  spots: usize;
  vectors: i32;
  y: usize;
  y_row: usize;
  /** How many pixels of each vector are stored, and how many bytes apart: 4 and 4 where vectors are stored whole. */
  lanes: i32;
  lane_bytes: usize;
  /** One number per row, or 0. */
  bias: usize;
  slope: usize;
  /** Where the residual lies relative to y, if there is one. */
  residual: usize;
  has_residual: bool;
  /** Code of the activation. */
  fn: i32;
}

/** A tap of a window, or a column of a matrix: where its weight lies in a, and its row in b. */
@unmanaged
export class Tap {
  a: usize;
  b: usize;
}

/** Floats of panel for each k, over rows that are cut into blocks of at most MAX_ROWS: the weights and the offset. */
const RECORD: i32 = MAX_ROWS + 1;

/** Bytes of the panel of m rows. */
export function panel_bytes(m: i32, k: i32): usize {
  return (<usize>(m + row_blocks(m)) * k) << 2;
}

/** The most rows whose panel fits into `bytes`. */
export function panel_rows(bytes: i32, k: i32): i32 {
  const blocks = bytes / (k * RECORD * 4);
  if (blocks < 1) unreachable();
  return blocks * MAX_ROWS;
}

/**
 * Packs the weights of `channels` × `count` taps for the t.m rows at a, which lie a_row bytes apart; a_channel and b_channel are the bytes between channels.
 * Sets t.k, and returns where the panel ends.
 */
export function pack_panel(t: Outer, taps: usize, count: i32, channels: i32, a: usize, a_row: usize, a_channel: usize, b_channel: usize): usize {
  t.k = count * channels;
  const end = taps + <usize>count * offsetof<Tap>();
  const blocks = row_blocks(t.m);
  let at = t.panel;
  for (let block = 0; block < blocks; block++) {
    const row = share(t.m, block, blocks);
    const rows = share(t.m, block + 1, blocks) - row;
    let weights = a + <usize>row * a_row;
    let from: usize = 0;
    for (let c = 0; c < channels; c++) {
      for (let tap = taps; tap < end; tap += offsetof<Tap>()) {
        at = put_record(at, from + changetype<Tap>(tap).b, weights + changetype<Tap>(tap).a, a_row, rows);
      }
      weights += a_channel;
      from += b_channel;
    }
  }
  return at;
}

/** Writes a record for `rows` weights, `a_row` bytes apart; returns where the next one stands. */
// @ts-ignore: decorator
@inline
function put_record(at: usize, from: usize, a: usize, a_row: usize, rows: i32): usize {
  store<usize>(at, from);
  const end = at + (<usize>rows << 2);
  while (at < end) {
    at += 4;
    store<u32>(at, load<u32>(a));
    a += a_row;
  }
  return at + 4;
}

/**
 * Lists the vectors of a grid of rows × cols pixels at t.spots: from_row and to_row bytes lie between rows, t.lane_bytes between a row's stored pixels.
 * The last vector of a row overlaps the one before, so that all are whole. Rows without gaps between them are one long row.
 */
export function list_spots(t: Outer, rows: i32, cols: i32, from_row: usize, to_row: usize): void {
  if (from_row == <usize>cols << 2 && to_row == from_row) {
    cols *= rows;
    rows = 1;
  }
  const vectors = (cols + 3) >> 2;
  const last = max(0, cols - 4);
  let at = t.spots;
  for (let row = 0; row < rows; row++) {
    for (let v = 0; v < vectors; v++) {
      const col = <usize>min(v << 2, last);
      put_spot(at, <usize>row * from_row + (col << 2), <usize>row * to_row + col * t.lane_bytes);
      at += offsetof<Spot>();
    }
  }
  const end = changetype<Spot>(at - offsetof<Spot>());
  for (let spare = 0; spare < SPARE_SPOTS; spare++) {
    put_spot(at, end.from, end.to);
    at += offsetof<Spot>();
  }
  t.vectors = rows * vectors;
  t.lanes = min(4, cols);
}

// @ts-ignore: decorator
@inline
function put_spot(at: usize, from: usize, to: usize): void {
  changetype<Spot>(at).from = from;
  changetype<Spot>(at).to = to;
}

/** Bytes of the spots of one row, without the spare ones. */
export function spots_bytes(cols: i32): i32 {
  return ((cols + 3) >> 2) * offsetof<Spot>();
}

/** Computes all of y. */
export function outer(t: Outer): void {
  const blocks = row_blocks(t.m);
  let panel = t.panel;
  for (let block = 0; block < blocks; block++) {
    const row = share(t.m, block, blocks);
    const rows = share(t.m, block + 1, blocks) - row;
    if (rows < 3) narrow_block(t, panel, row, rows);
    else block_of_rows(t, panel, row, rows);
    panel += (<usize>(rows + 1) * t.k) << 2;
  }
}

function block_of_rows(t: Outer, panel: usize, row: i32, rows: i32): void {
  const end = t.spots + <usize>t.vectors * offsetof<Spot>();
  for (let at = t.spots; at < end; at += 2 * offsetof<Spot>()) {
    if (rows == 6) tile<Rows6>(t, panel, row, at);
    else if (rows == 5) tile<Rows5>(t, panel, row, at);
    else if (rows == 4) tile<Rows4>(t, panel, row, at);
    else tile<Rows3>(t, panel, row, at);
  }
}

function narrow_block(t: Outer, panel: usize, row: i32, rows: i32): void {
  const end = t.spots + <usize>t.vectors * offsetof<Spot>();
  for (let at = t.spots; at < end; at += 4 * offsetof<Spot>()) {
    if (rows == 2) narrow_tile<Rows2>(t, panel, row, at);
    else narrow_tile<Rows1>(t, panel, row, at);
  }
}

/** Spot number `index` of those from `at`. */
// @ts-ignore: decorator
@inline
function spot(at: usize, index: i32): Spot {
  return changetype<Spot>(at + index * offsetof<Spot>());
}

/** Three to six rows by two vectors. */
function tile<R>(t: Outer, panel: usize, row: i32, at: usize): void {
  const b = t.b + spot(at, 0).from;
  const apart = spot(at, 1).from - spot(at, 0).from;
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
  const end = panel + <usize>t.k * (offsetof<R>() + 1) * 4;
  for (; panel < end; panel += (offsetof<R>() + 1) * 4) {
    const from = b + load<usize>(panel);
    const x0 = v128.load(from);
    const x1 = v128.load(from + apart);
    let w = v128.load32_splat(panel, 4);
    c00 = fma(w, x0, c00);
    c01 = fma(w, x1, c01);
    w = v128.load32_splat(panel, 8);
    c10 = fma(w, x0, c10);
    c11 = fma(w, x1, c11);
    w = v128.load32_splat(panel, 12);
    c20 = fma(w, x0, c20);
    c21 = fma(w, x1, c21);
    if (offsetof<R>() > 3) {
      w = v128.load32_splat(panel, 16);
      c30 = fma(w, x0, c30);
      c31 = fma(w, x1, c31);
    }
    if (offsetof<R>() > 4) {
      w = v128.load32_splat(panel, 20);
      c40 = fma(w, x0, c40);
      c41 = fma(w, x1, c41);
    }
    if (offsetof<R>() > 5) {
      w = v128.load32_splat(panel, 24);
      c50 = fma(w, x0, c50);
      c51 = fma(w, x1, c51);
    }
  }
  finish(t, row, at, c00, c01);
  finish(t, row + 1, at, c10, c11);
  finish(t, row + 2, at, c20, c21);
  if (offsetof<R>() > 3) finish(t, row + 3, at, c30, c31);
  if (offsetof<R>() > 4) finish(t, row + 4, at, c40, c41);
  if (offsetof<R>() > 5) finish(t, row + 5, at, c50, c51);
}

/** One or two rows by four vectors: enough independent sums to hide a multiply-add's latency. */
function narrow_tile<R>(t: Outer, panel: usize, row: i32, at: usize): void {
  const b = t.b + spot(at, 0).from;
  const apart1 = spot(at, 1).from - spot(at, 0).from;
  const apart2 = spot(at, 2).from - spot(at, 0).from;
  const apart3 = spot(at, 3).from - spot(at, 0).from;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  const end = panel + <usize>t.k * (offsetof<R>() + 1) * 4;
  for (; panel < end; panel += (offsetof<R>() + 1) * 4) {
    const from = b + load<usize>(panel);
    const x0 = v128.load(from);
    const x1 = v128.load(from + apart1);
    const x2 = v128.load(from + apart2);
    const x3 = v128.load(from + apart3);
    let w = v128.load32_splat(panel, 4);
    c00 = fma(w, x0, c00);
    c01 = fma(w, x1, c01);
    c02 = fma(w, x2, c02);
    c03 = fma(w, x3, c03);
    if (offsetof<R>() > 1) {
      w = v128.load32_splat(panel, 8);
      c10 = fma(w, x0, c10);
      c11 = fma(w, x1, c11);
      c12 = fma(w, x2, c12);
      c13 = fma(w, x3, c13);
    }
  }
  finish(t, row, at, c00, c01);
  finish(t, row, at + 2 * offsetof<Spot>(), c02, c03);
  if (offsetof<R>() > 1) {
    finish(t, row + 1, at, c10, c11);
    finish(t, row + 1, at + 2 * offsetof<Spot>(), c12, c13);
  }
}

/** Epilogue and store of one row's two vectors. */
function finish(t: Outer, row: i32, at: usize, c0: v128, c1: v128): void {
  const y = t.y + <usize>row * t.y_row;
  const y0 = y + spot(at, 0).to;
  const y1 = y + spot(at, 1).to;
  if (t.bias) {
    const bias = v128.load32_splat(nth(t.bias, row));
    c0 = f32x4.add(c0, bias);
    c1 = f32x4.add(c1, bias);
  }
  if (t.has_residual) {
    c0 = f32x4.add(c0, v128.load(y0 + t.residual));
    c1 = f32x4.add(c1, v128.load(y1 + t.residual));
  }
  if (t.fn) {
    c0 = activate(t.fn, c0);
    c1 = activate(t.fn, c1);
  }
  if (t.slope) {
    const slope = v128.load32_splat(nth(t.slope, row));
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
