/**
 * Matrix products of many rows and short sums, `y[m, v] = Σ_k a[m, k] · b[k, v]`, with the rows of b and of y equally far apart and vectors v side by side.
 * a is a panel as outer.ts has it, of three rows at least. A tile is a block of three to six rows by two vectors.
 */
import { bytes, nth } from "./parts";
import { most_rows, Rows3, Rows4, Rows5, Rows6, row_blocks } from "./rows";
import { fma, share } from "./simd";

/**
 * Rows of b that all vectors go through before the next rows begin. Weights that no cache holds arrive while the first two vectors multiply them; were k not
 * parted, memory would have to deliver at that rate, and rest during all other vectors. A part is about what processors fetch ahead of their own accord.
 */
const PART: i32 = 32;

/**
 * Computes blocks first … end − 1 of m rows; the first of them goes to y. Rows of b and y are `row` bytes, a multiple of two vectors, and wholly computed up
 * to `width` bytes at least. Does so for `products` panels, one behind the other, with b and y as far apart as said.
 */
export function multiply(
  products: i32,
  panel: usize,
  m: i32,
  k: i32,
  first: i32,
  end: i32,
  b: usize,
  b_product: usize,
  y: usize,
  y_product: usize,
  row: usize,
  width: usize,
): void {
  const blocks = row_blocks(m);
  const all = bytes(m * k);
  // a block has this many rows or one more, as `share` would have it: dividing takes as long as a small block
  const least = m / blocks;
  const rest = m % blocks;
  if (least < 3) unreachable();
  const from = share(m, first, blocks);
  const before = (rest * first) % blocks;
  panel += bytes(from * k);
  for (; products > 0; products--) {
    let a = panel;
    let to = y;
    let more = before;
    for (let block = first; block < end; block++) {
      let rows = least;
      more += rest;
      if (more >= blocks) {
        more -= blocks;
        rows++;
      }
      if (most_rows() > 5 && rows == 6) block_rows<Rows6>(a, k, b, to, row, width);
      else if (rows == 5) block_rows<Rows5>(a, k, b, to, row, width);
      else if (rows == 4) block_rows<Rows4>(a, k, b, to, row, width);
      else block_rows<Rows3>(a, k, b, to, row, width);
      a += bytes(rows * k);
      to += <usize>rows * row;
    }
    panel += all;
    b += b_product;
    y += y_product;
  }
}

function block_rows<R>(a: usize, k: i32, b: usize, y: usize, row: usize, width: usize): void {
  const end = nth(a, k * offsetof<R>());
  const part = width > 32 ? bytes(PART * offsetof<R>()) : end - a;
  const right = y + width;
  for (let first = a; first < end; first += part) {
    const next = min(end, first + part);
    let x = b;
    for (let to = y; to < right; to += 32) {
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
      if (first > a) {
        c00 = v128.load(to);
        c01 = v128.load(to, 16);
        c10 = v128.load(to + row);
        c11 = v128.load(to + row, 16);
        c20 = v128.load(to + 2 * row);
        c21 = v128.load(to + 2 * row, 16);
        if (offsetof<R>() > 3) {
          c30 = v128.load(to + 3 * row);
          c31 = v128.load(to + 3 * row, 16);
        }
        if (offsetof<R>() > 4) {
          c40 = v128.load(to + 4 * row);
          c41 = v128.load(to + 4 * row, 16);
        }
        if (offsetof<R>() > 5) {
          c50 = v128.load(to + 5 * row);
          c51 = v128.load(to + 5 * row, 16);
        }
      }
      let from = x;
      for (let at = first; at < next; at += offsetof<R>() * 4) {
        const x0 = v128.load(from);
        const x1 = v128.load(from, 16);
        let w = v128.load32_splat(at);
        c00 = fma(w, x0, c00);
        c01 = fma(w, x1, c01);
        w = v128.load32_splat(at, 4);
        c10 = fma(w, x0, c10);
        c11 = fma(w, x1, c11);
        w = v128.load32_splat(at, 8);
        c20 = fma(w, x0, c20);
        c21 = fma(w, x1, c21);
        if (offsetof<R>() > 3) {
          w = v128.load32_splat(at, 12);
          c30 = fma(w, x0, c30);
          c31 = fma(w, x1, c31);
        }
        if (offsetof<R>() > 4) {
          w = v128.load32_splat(at, 16);
          c40 = fma(w, x0, c40);
          c41 = fma(w, x1, c41);
        }
        if (offsetof<R>() > 5) {
          w = v128.load32_splat(at, 20);
          c50 = fma(w, x0, c50);
          c51 = fma(w, x1, c51);
        }
        from += row;
      }
      put(to, c00, c01);
      put(to + row, c10, c11);
      put(to + 2 * row, c20, c21);
      if (offsetof<R>() > 3) put(to + 3 * row, c30, c31);
      if (offsetof<R>() > 4) put(to + 4 * row, c40, c41);
      if (offsetof<R>() > 5) put(to + 5 * row, c50, c51);
      x += 32;
    }
    b += PART * row;
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, c0: v128, c1: v128): void {
  v128.store(to, c0);
  v128.store(to, c1, 16);
}
