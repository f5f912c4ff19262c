/**
 * Pools. x [planes, ih, iw], y [planes, oh, ow]: `y[i,j]` is the largest, or the mean, of the pixels x[i·sh − pt + p, j·sw − pl + q] with
 * p < kh, q < kw that are inside the image. The mean divides by kh · kw, or by the number of those pixels where `exclude_padding`.
 *
 * In two directions: the window's rows are folded into one row of vectors (scratch memory, between cells that stand for the padding), then
 * that row is folded along itself, four outputs at a time. 2×2 windows that tile the image need no row between.
 *
 * Scratch: [0, width + 8) the folded row, where width = (ow − 1) · sw + kw; then ow + 4 floats for the columns that each output has inside.
 * A NaN in a window makes its output NaN, as in PyTorch.
 */
import { AvgPool, GlobalAvgPool, MaxPool } from "./generated/layouts";
import { bytes, fill_row, nth, store_lanes, store_part, whole_bytes } from "./parts";
import { share } from "./simd";
import { row_sum } from "./sums";

const MAX: i32 = 0;
const SUM: i32 = 1;

export function max_pool(p: MaxPool, worker: i32, workers: i32, scratch: usize): void {
  if (tiles<MaxPool>(p)) halve_planes<MaxPool>(MAX, p, worker, workers);
  else pool_planes<MaxPool>(MAX, p, worker, workers, scratch, 0, 0);
}

export function avg_pool(p: AvgPool, worker: i32, workers: i32, scratch: usize): void {
  if (tiles<AvgPool>(p)) {
    halve_planes<AvgPool>(SUM, p, worker, workers);
  } else {
    const columns = nth(scratch, (p.ow - 1) * p.sw + p.kw + 8);
    count_columns<AvgPool>(p, columns, p.exclude_padding);
    pool_planes<AvgPool>(SUM, p, worker, workers, scratch, columns, p.exclude_padding);
  }
}

/** The mean of each plane. */
export function global_avg_pool(p: GlobalAvgPool, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    store<f32>(nth(p.y, plane), <f32>(row_sum(nth(p.x, plane * p.hw), p.hw) / <f64>p.hw));
  }
}

/** Do 2×2 windows with stride 2 lie side by side, none of them over the border? */
// @ts-ignore: decorator
@inline
export function tiles<P>(p: P): bool {
  return p.kh == 2 && p.kw == 2 && p.sh == 2 && p.sw == 2 && p.pt == 0 && p.pl == 0 && 2 * p.oh <= p.ih && 2 * p.ow <= p.iw;
}

/** For each output column the number of window columns that count: those inside the image, or all. */
export function count_columns<P>(p: P, columns: usize, exclude_padding: i32): void {
  for (let j = 0; j < p.ow; j++) {
    const left = j * p.sw - p.pl;
    const inside = min(p.iw, left + p.kw) - max(0, left);
    store<f32>(nth(columns, j), <f32>(exclude_padding ? inside : p.kw));
  }
}

// @ts-ignore: decorator
@inline
function fold(kind: i32, a: v128, b: v128): v128 {
  return kind == MAX ? larger(a, b) : f32x4.add(a, b);
}

/**
 * The larger of a and b; NaN if one of them is. pmax keeps a NaN of its first operand only, and the bits of a NaN outlast an OR with the other
 * result: three instructions on x86, where f32x4.max takes eight. (The larger of 0 and −0 comes out as −0.)
 */
// @ts-ignore: decorator
@inline
function larger(a: v128, b: v128): v128 {
  return v128.or(f32x4.pmax(a, b), f32x4.pmax(b, a));
}

// @ts-ignore: decorator
@inline
function halve_planes<P>(kind: i32, p: P, worker: i32, workers: i32): void {
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    for (let i = 0; i < p.oh; i++) {
      const x = nth(p.x, (plane * p.ih + 2 * i) * p.iw);
      const y = nth(p.y, (plane * p.oh + i) * p.ow);
      const whole = whole_bytes(p.ow);
      for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, halve(kind, x + 2 * at, nth(x, p.iw) + 2 * at));
      store_part(y + whole, halve(kind, x + 2 * whole, nth(x, p.iw) + 2 * whole), p.ow & 3);
    }
  }
}

/** Four outputs from eight pixels of two rows. */
// @ts-ignore: decorator
@inline
function halve(kind: i32, top: usize, bottom: usize): v128 {
  const left = fold(kind, v128.load(top), v128.load(bottom));
  const right = fold(kind, v128.load(top, 16), v128.load(bottom, 16));
  const v = fold(kind, v128.shuffle<f32>(left, right, 0, 2, 4, 6), v128.shuffle<f32>(left, right, 1, 3, 5, 7));
  return kind == MAX ? v : f32x4.mul(v, f32x4.splat(0.25));
}

// @ts-ignore: decorator
@inline
function pool_planes<P>(kind: i32, p: P, worker: i32, workers: i32, scratch: usize, columns: usize, exclude_padding: i32): void {
  const width = (p.ow - 1) * p.sw + p.kw;
  const inside = min(p.iw, width - p.pl);
  const bare = p.pl == 0 && inside == width;
  const padding: f32 = kind == MAX ? -Infinity : 0;
  fill_row(scratch, width + 8, padding);

  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    for (let i = 0; i < p.oh; i++) {
      const top = max(0, i * p.sh - p.pt);
      const rows = min(p.ih, i * p.sh - p.pt + p.kh) - top;
      let row = nth(p.x, (plane * p.ih + top) * p.iw);
      if (rows > 1 || !bare) {
        fold_rows(kind, row, nth(scratch, p.pl), rows, bytes(p.iw), inside);
        row = scratch;
      }
      const y = nth(p.y, (plane * p.oh + i) * p.ow);
      fold_along(kind, row, y, p.ow, p.kw, p.sw, columns, exclude_padding ? rows : p.kh);
    }
  }
}

/** Folds `rows` rows of `count` floats, `apart` bytes apart, into the row at `to`. */
// @ts-ignore: decorator
@inline
function fold_rows(kind: i32, from: usize, to: usize, rows: i32, apart: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, fold_column(kind, from + at, rows, apart));
  store_part(to + whole, fold_column(kind, from + whole, rows, apart), count & 3);
}

// @ts-ignore: decorator
@inline
function fold_column(kind: i32, from: usize, rows: i32, apart: usize): v128 {
  let v = v128.load(from);
  for (let r = 1; r < rows; r++) {
    from += apart;
    v = fold(kind, v, v128.load(from));
  }
  return v;
}

/** y[j] = fold of row[j · step + q], q < window; with a table of columns divided by rows · columns[j]. */
// @ts-ignore: decorator
@inline
function fold_along(kind: i32, row: usize, y: usize, count: i32, window: i32, step: i32, columns: usize, rows: i32): void {
  for (let j = 0; j < count; j += 4) {
    const last = min(4, count - j) - 1;
    let at = nth(row, j * step);
    const end = nth(at, window);
    let v = gather(at, step, last);
    at += 4;
    if (step == 1) for (; at < end; at += 4) v = fold(kind, v, v128.load(at));
    else for (; at < end; at += 4) v = fold(kind, v, gather(at, step, last));
    if (columns) v = f32x4.div(v, f32x4.mul(f32x4.splat(<f32>rows), v128.load(nth(columns, j))));
    store_lanes(nth(y, j), v, last + 1);
  }
}

/** Four floats that lie `step` apart; those behind number `last` are of no account. */
// @ts-ignore: decorator
@inline
export function gather(at: usize, step: i32, last: i32): v128 {
  if (step == 1) return v128.load(at);
  if (step == 2) return v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
  let v = v128.load32_splat(at);
  v = v128.load32_lane(nth(at, min(1, last) * step), v, 1);
  v = v128.load32_lane(nth(at, min(2, last) * step), v, 2);
  return v128.load32_lane(nth(at, last * step), v, 3);
}
