/**
 * Matrix product by dot products: `c[m, j] = Σ_v a[m, v] · b[j, v]`, where v are vectors of four floats, and j is one of two neighbouring columns.
 *
 *   a  packed into a panel of one block of up to six rows; for each v a record { where vector v of b lies: usize, 12 unused bytes, the rows' vectors }
 *   b  vector v of column j lies at b + j · apart + (offset in the record)
 *   c  row m, column j at c + m · c_row + 4 · j
 *
 * Each of the up to twelve sums has its own four lanes, which are added at the end. A sum takes its vectors in the order of v, whatever the block.
 */
import { MAX_ROWS } from "./generated/scratch";
import { most_rows, Rows1, Rows2, Rows3, Rows4, Rows5, Rows6 } from "./rows";
import { fma, sum4 } from "./simd";

@unmanaged
export class Dot {
  panel: usize;
  /** One past the panel's last record. */
  panel_end: usize;
  rows: i32;
  c_row: usize;
  /** Add to what c holds. */
  add: bool;
}

/** Bytes of the largest record. */
export const VECTOR_RECORD: i32 = 16 + 16 * MAX_ROWS;

/** Writes the record of `rows` vectors, a_row bytes apart, of which the lanes in `mask` count; returns where the next one stands. */
// @ts-ignore: decorator
@inline
export function put_vectors(at: usize, from: usize, a: usize, a_row: usize, rows: i32, mask: v128): usize {
  store<usize>(at, from);
  const end = at + ((<usize>rows) << 4);
  while (at < end) {
    at += 16;
    v128.store(at, v128.and(v128.load(a), mask));
    a += a_row;
  }
  return at + 16;
}

/** Computes the t.rows × `cols` (1 or 2) products at c from the columns at b and b + apart. */
export function dot(t: Dot, b: usize, apart: usize, cols: i32, c: usize): void {
  if (most_rows() > 5 && t.rows == 6) tile<Rows6>(t, b, apart, cols, c);
  else if (t.rows == 5) tile<Rows5>(t, b, apart, cols, c);
  else if (t.rows == 4) tile<Rows4>(t, b, apart, cols, c);
  else if (t.rows == 3) tile<Rows3>(t, b, apart, cols, c);
  else if (t.rows == 2) tile<Rows2>(t, b, apart, cols, c);
  else tile<Rows1>(t, b, apart, cols, c);
}

/** A single column is computed as two, the second for nothing. */
function tile<R>(t: Dot, b: usize, apart: usize, cols: i32, c: usize): void {
  let panel = t.panel;
  const end = t.panel_end;
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
  for (; panel < end; panel += (offsetof<R>() + 1) * 16) {
    const from = b + load<usize>(panel);
    const x0 = v128.load(from);
    const x1 = v128.load(from + apart);
    let a = v128.load(panel, 16);
    c00 = fma(a, x0, c00);
    c01 = fma(a, x1, c01);
    if (offsetof<R>() > 1) {
      a = v128.load(panel, 32);
      c10 = fma(a, x0, c10);
      c11 = fma(a, x1, c11);
    }
    if (offsetof<R>() > 2) {
      a = v128.load(panel, 48);
      c20 = fma(a, x0, c20);
      c21 = fma(a, x1, c21);
    }
    if (offsetof<R>() > 3) {
      a = v128.load(panel, 64);
      c30 = fma(a, x0, c30);
      c31 = fma(a, x1, c31);
    }
    if (offsetof<R>() > 4) {
      a = v128.load(panel, 80);
      c40 = fma(a, x0, c40);
      c41 = fma(a, x1, c41);
    }
    if (offsetof<R>() > 5) {
      a = v128.load(panel, 96);
      c50 = fma(a, x0, c50);
      c51 = fma(a, x1, c51);
    }
  }
  finish(t, 0, cols, c, c00, c01);
  if (offsetof<R>() > 1) finish(t, 1, cols, c, c10, c11);
  if (offsetof<R>() > 2) finish(t, 2, cols, c, c20, c21);
  if (offsetof<R>() > 3) finish(t, 3, cols, c, c30, c31);
  if (offsetof<R>() > 4) finish(t, 4, cols, c, c40, c41);
  if (offsetof<R>() > 5) finish(t, 5, cols, c, c50, c51);
}

function finish(t: Dot, row: i32, cols: i32, c: usize, c0: v128, c1: v128): void {
  c += <usize>row * t.c_row;
  put(t, c, sum4(c0));
  if (cols == 2) put(t, c + 4, sum4(c1));
}

// @ts-ignore: decorator
@inline
function put(t: Dot, c: usize, sum: f32): void {
  store<f32>(c, t.add ? load<f32>(c) + sum : sum);
}
