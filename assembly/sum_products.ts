/**
 * Sums of outer products, `y[m, v] += Σ_k a[k, m] · b[k, v]`, with the rows of a, of b and of y equally far apart: a product of two matrices that both lie
 * with the sum's index first, as transformed tiles do. A tile is a block of up to six rows by two vectors.
 */
import { most_rows, Rows1, Rows2, Rows3, Rows4, Rows5, Rows6 } from "./rows";
import { fma } from "./simd";

/** The matrices, and bytes between their rows. */
@unmanaged
export class Products {
  k: i32;
  a_row: usize;
  b_row: usize;
  y_row: usize;
  /** Add to what y holds. */
  add: bool;
}

/** Computes `rows` (1 … 6) rows of y by `vectors` (1 or 2). */
export function sum_products(t: Products, a: usize, rows: i32, b: usize, vectors: i32, y: usize): void {
  if (vectors == 2) tiles<Rows2>(t, a, rows, b, y);
  else tiles<Rows1>(t, a, rows, b, y);
}

function tiles<V>(t: Products, a: usize, rows: i32, b: usize, y: usize): void {
  if (most_rows() > 5 && rows == 6) tile<Rows6, V>(t, a, b, y);
  else if (rows == 5) tile<Rows5, V>(t, a, b, y);
  else if (rows == 4) tile<Rows4, V>(t, a, b, y);
  else if (rows == 3) tile<Rows3, V>(t, a, b, y);
  else if (rows == 2) tile<Rows2, V>(t, a, b, y);
  else tile<Rows1, V>(t, a, b, y);
}

function tile<R, V>(t: Products, a: usize, b: usize, y: usize): void {
  const a_row = t.a_row;
  const b_row = t.b_row;
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
  let x1 = c00;
  for (let k = t.k; k > 0; k--) {
    const x0 = v128.load(b);
    if (offsetof<V>() > 1) x1 = v128.load(b, 16);
    let w = v128.load32_splat(a);
    c00 = fma(w, x0, c00);
    if (offsetof<V>() > 1) c01 = fma(w, x1, c01);
    if (offsetof<R>() > 1) {
      w = v128.load32_splat(a, 4);
      c10 = fma(w, x0, c10);
      if (offsetof<V>() > 1) c11 = fma(w, x1, c11);
    }
    if (offsetof<R>() > 2) {
      w = v128.load32_splat(a, 8);
      c20 = fma(w, x0, c20);
      if (offsetof<V>() > 1) c21 = fma(w, x1, c21);
    }
    if (offsetof<R>() > 3) {
      w = v128.load32_splat(a, 12);
      c30 = fma(w, x0, c30);
      if (offsetof<V>() > 1) c31 = fma(w, x1, c31);
    }
    if (offsetof<R>() > 4) {
      w = v128.load32_splat(a, 16);
      c40 = fma(w, x0, c40);
      if (offsetof<V>() > 1) c41 = fma(w, x1, c41);
    }
    if (offsetof<R>() > 5) {
      w = v128.load32_splat(a, 20);
      c50 = fma(w, x0, c50);
      if (offsetof<V>() > 1) c51 = fma(w, x1, c51);
    }
    a += a_row;
    b += b_row;
  }
  put<V>(t, y, c00, c01);
  if (offsetof<R>() > 1) put<V>(t, y + t.y_row, c10, c11);
  if (offsetof<R>() > 2) put<V>(t, y + 2 * t.y_row, c20, c21);
  if (offsetof<R>() > 3) put<V>(t, y + 3 * t.y_row, c30, c31);
  if (offsetof<R>() > 4) put<V>(t, y + 4 * t.y_row, c40, c41);
  if (offsetof<R>() > 5) put<V>(t, y + 5 * t.y_row, c50, c51);
}

// @ts-ignore: decorator
@inline
function put<V>(t: Products, y: usize, c0: v128, c1: v128): void {
  if (t.add) {
    c0 = f32x4.add(c0, v128.load(y));
    if (offsetof<V>() > 1) c1 = f32x4.add(c1, v128.load(y, 16));
  }
  v128.store(y, c0);
  if (offsetof<V>() > 1) v128.store(y, c1, 16);
}
