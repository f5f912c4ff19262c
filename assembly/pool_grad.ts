/**
 * Gradients of the pools, in the notation of pool.ts; dx [planes, ih, iw], dy [planes, oh, ow].
 *
 * Largest pixel: each window's dy goes to the first of its largest pixels, row by row. Where a window holds a NaN its dy still goes to exactly
 * one of its pixels. Mean: each pixel of a window gets dy / divisor; dy is spread along a row (scratch memory) once, and that row is added to
 * the image's rows under the window.
 */
import { AvgPoolDx, GlobalAvgPoolDx, MaxPoolDx } from "./generated/layouts";
import { nth, store_part, whole_bytes } from "./parts";
import { count_columns, tiles } from "./pool";
import { share } from "./simd";

export function max_pool_dx(p: MaxPoolDx, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.planes, worker + 1, workers);
  const side_by_side = tiles<MaxPoolDx>(p);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    const x = nth(p.x, plane * p.ih * p.iw);
    const dy = nth(p.dy, plane * p.oh * p.ow);
    const dx = nth(p.dx, plane * p.ih * p.iw);
    if (side_by_side) {
      for (let i = 0; i < p.oh; i++) double_rows(nth(x, 2 * i * p.iw), nth(dy, i * p.ow), nth(dx, 2 * i * p.iw), p.ow, p.iw);
      zero(nth(dx, 2 * p.oh * p.iw), (p.ih - 2 * p.oh) * p.iw);
    } else {
      zero(dx, p.ih * p.iw);
      scatter_plane(p, x, dy, dx);
    }
  }
}

/** Two rows of dx from one row of dy, 2×2 windows. */
function double_rows(x: usize, dy: usize, dx: usize, count: i32, iw: i32): void {
  let j = 0;
  for (; j < count; j += 4) {
    const top = nth(x, 2 * j);
    const bottom = nth(top, iw);
    const t0 = v128.load(top);
    const t1 = v128.load(top, 16);
    const b0 = v128.load(bottom);
    const b1 = v128.load(bottom, 16);
    const top_left = v128.shuffle<f32>(t0, t1, 0, 2, 4, 6);
    const top_right = v128.shuffle<f32>(t0, t1, 1, 3, 5, 7);
    const bottom_left = v128.shuffle<f32>(b0, b1, 0, 2, 4, 6);
    const bottom_right = v128.shuffle<f32>(b0, b1, 1, 3, 5, 7);
    // of equals the first wins: the right pixel and the lower row must be greater
    const lower = f32x4.gt(f32x4.pmax(bottom_left, bottom_right), f32x4.pmax(top_left, top_right));
    const d = v128.load(nth(dy, j));
    const d_top = v128.andnot(d, lower);
    const d_bottom = v128.and(d, lower);
    const right_of_top = f32x4.gt(top_right, top_left);
    const right_of_bottom = f32x4.gt(bottom_right, bottom_left);
    const to = nth(dx, 2 * j);
    store_pairs(to, v128.andnot(d_top, right_of_top), v128.and(d_top, right_of_top), count - j);
    store_pairs(nth(to, iw), v128.andnot(d_bottom, right_of_bottom), v128.and(d_bottom, right_of_bottom), count - j);
  }
  // a last column that no window covers
  if (2 * count < iw) {
    zero(nth(dx, 2 * count), iw - 2 * count);
    zero(nth(dx, 2 * count + iw), iw - 2 * count);
  }
}

/** Stores left and right lanes in turn: `count` pairs, at most four. */
// @ts-ignore: decorator
@inline
function store_pairs(at: usize, left: v128, right: v128, count: i32): void {
  const first = v128.shuffle<f32>(left, right, 0, 4, 1, 5);
  const second = v128.shuffle<f32>(left, right, 2, 6, 3, 7);
  if (count >= 4) {
    v128.store(at, first);
    v128.store(at, second, 16);
  } else if (count >= 2) {
    v128.store(at, first);
    if (count == 3) v128.store64_lane(at, second, 0, 16);
  } else {
    v128.store64_lane(at, first, 0);
  }
}

/** Windows of any geometry. */
function scatter_plane(p: MaxPoolDx, x: usize, dy: usize, dx: usize): void {
  for (let i = 0; i < p.oh; i++) {
    const top = max(0, i * p.sh - p.pt);
    const bottom = min(p.ih, i * p.sh - p.pt + p.kh);
    for (let j = 0; j < p.ow; j++) {
      const left = max(0, j * p.sw - p.pl);
      const right = min(p.iw, j * p.sw - p.pl + p.kw);
      let best = top * p.iw + left;
      let largest = load<f32>(nth(x, best));
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          const at = row * p.iw + column;
          const v = load<f32>(nth(x, at));
          if (v > largest) {
            largest = v;
            best = at;
          }
        }
      }
      const to = nth(dx, best);
      store<f32>(to, load<f32>(to) + load<f32>(nth(dy, i * p.ow + j)));
    }
  }
}

/** Scratch: [0, width) the spread row, where width = (ow − 1) · sw + kw, and 8 floats; then ow + 4 floats for the columns that count. */
export function avg_pool_dx(p: AvgPoolDx, worker: i32, workers: i32, scratch: usize): void {
  const width = (p.ow - 1) * p.sw + p.kw;
  const columns = nth(scratch, width + 8);
  count_columns<AvgPoolDx>(p, columns, p.exclude_padding);
  const inside = min(p.iw, width - p.pl);
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    const dx = nth(p.dx, plane * p.ih * p.iw);
    zero(dx, p.ih * p.iw);
    for (let i = 0; i < p.oh; i++) {
      const top = max(0, i * p.sh - p.pt);
      const bottom = min(p.ih, i * p.sh - p.pt + p.kh);
      zero(scratch, width);
      spread(p, nth(p.dy, (plane * p.oh + i) * p.ow), scratch, columns, <f32>(p.exclude_padding ? bottom - top : p.kh));
      for (let row = top; row < bottom; row++) add_row(nth(scratch, p.pl), nth(dx, row * p.iw), inside);
    }
  }
}

/** Adds each dy / (rows · columns) to the kw floats of `row` that its window covers. */
function spread(p: AvgPoolDx, dy: usize, row: usize, columns: usize, rows: f32): void {
  for (let j = 0; j < p.ow; j++) {
    const d = load<f32>(nth(dy, j)) / (rows * load<f32>(nth(columns, j)));
    for (let q = 0; q < p.kw; q++) {
      const at = nth(row, j * p.sw + q);
      store<f32>(at, load<f32>(at) + d);
    }
  }
}

/** to += from */
function add_row(from: usize, to: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
  store_part(to + whole, f32x4.add(v128.load(to + whole), v128.load(from + whole)), count & 3);
}

function zero(at: usize, count: i32): void {
  fill_row(at, count, f32x4.splat(0));
}

function fill_row(at: usize, count: i32, value: v128): void {
  const whole = whole_bytes(count);
  for (let to = at; to < at + whole; to += 16) v128.store(to, value);
  store_part(at + whole, value, count & 3);
}

/** dx = dy / hw, all over each plane. */
export function global_avg_pool_dx(p: GlobalAvgPoolDx, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    fill_row(nth(p.dx, plane * p.hw), p.hw, f32x4.splat(load<f32>(nth(p.dy, plane)) / <f32>p.hw));
  }
}
