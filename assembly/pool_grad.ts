/**
 * Gradients of the pools, in the notation of pool.ts; dx [planes, ih, iw], dy [planes, oh, ow].
 *
 * Largest pixel: each window's dy goes to the first of its largest pixels, row by row. Where a window holds a NaN its dy still goes to exactly
 * one of its pixels. Mean: each pixel of a window gets dy / divisor; dy is spread along a row (scratch memory) once, and that row is added to
 * the image's rows under the window.
 */
import { AvgPoolDx, GlobalAvgPoolDx, MaxPoolDx } from "./generated/layouts";
import { fill_row, nth, store_part, whole_bytes } from "./parts";
import { count_columns, gather, tiles } from "./pool";
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
      fill_row(nth(dx, 2 * p.oh * p.iw), (p.ih - 2 * p.oh) * p.iw, 0);
    } else {
      fill_row(dx, p.ih * p.iw, 0);
      scatter_plane(p, x, dy, dx);
    }
  }
}

/** Two rows of dx from one row of dy, 2×2 windows. */
function double_rows(x: usize, dy: usize, dx: usize, count: i32, iw: i32): void {
  for (let j = 0; j < count; j += 4) {
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
  zero_rest(dx, 2 * count, iw);
}

/** Zeros a last column that no window covers, in two rows. */
// @ts-ignore: decorator
@inline
function zero_rest(dx: usize, from: i32, iw: i32): void {
  for (let column = from; column < iw; column++) {
    store<f32>(nth(dx, column), 0);
    store<f32>(nth(dx, column + iw), 0);
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

/** Windows of any geometry: four at a time where they lie within the image's width, one by one at its sides. */
function scatter_plane(p: MaxPoolDx, x: usize, dy: usize, dx: usize): void {
  const from = min(p.ow, (p.pl + p.sw - 1) / p.sw);
  const to = p.iw + p.pl < p.kw ? from : max(from, min(p.ow, (p.iw + p.pl - p.kw) / p.sw + 1));
  for (let i = 0; i < p.oh; i++) {
    const row = i * p.sh - p.pt;
    const top = max(0, row);
    const bottom = min(p.ih, row + p.kh);
    const d = nth(dy, i * p.ow);
    for (let j = 0; j < from; j++) scatter_one(p, x, dx, top, bottom, j, load<f32>(nth(d, j)));
    for (let j = from; j < to; j += 4) {
      const corner = top * p.iw + j * p.sw - p.pl;
      scatter_four(p, nth(x, corner), nth(dx, corner), bottom - top, v128.load(nth(d, j)), min(4, to - j));
    }
    for (let j = to; j < p.ow; j++) scatter_one(p, x, dx, top, bottom, j, load<f32>(nth(d, j)));
  }
}

function scatter_one(p: MaxPoolDx, x: usize, dx: usize, top: i32, bottom: i32, j: i32, d: f32): void {
  const left = max(0, j * p.sw - p.pl);
  const right = min(p.iw, j * p.sw - p.pl + p.kw);
  let best = top * p.iw + left;
  let largest = load<f32>(nth(x, best));
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = row * p.iw + column;
      const v = load<f32>(nth(x, at));
      const wins = v > largest;
      largest = select(v, largest, wins);
      best = select(at, best, wins);
    }
  }
  add_to(dx, best, d);
}

/** `count` windows of `rows` rows whose first one begins at x; dx is the same place in the gradient. */
function scatter_four(p: MaxPoolDx, x: usize, dx: usize, rows: i32, d: v128, count: i32): void {
  let largest = gather(x, p.sw, count - 1);
  let best = i32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    for (let q = 0; q < p.kw; q++) {
      const at = r * p.iw + q;
      const v = gather(nth(x, at), p.sw, count - 1);
      const wins = f32x4.gt(v, largest);
      largest = v128.bitselect(v, largest, wins);
      best = v128.bitselect(i32x4.splat(at), best, wins);
    }
  }
  add_to(dx, i32x4.extract_lane(best, 0), f32x4.extract_lane(d, 0));
  if (count > 1) add_to(dx, p.sw + i32x4.extract_lane(best, 1), f32x4.extract_lane(d, 1));
  if (count > 2) add_to(dx, 2 * p.sw + i32x4.extract_lane(best, 2), f32x4.extract_lane(d, 2));
  if (count > 3) add_to(dx, 3 * p.sw + i32x4.extract_lane(best, 3), f32x4.extract_lane(d, 3));
}

// @ts-ignore: decorator
@inline
function add_to(dx: usize, index: i32, d: f32): void {
  const to = nth(dx, index);
  store<f32>(to, load<f32>(to) + d);
}

/** Scratch: [0, width) the spread row, where width = (ow − 1) · sw + kw, and 8 floats; then ow + 4 floats for the columns that count. */
export function avg_pool_dx(p: AvgPoolDx, worker: i32, workers: i32, scratch: usize): void {
  const side_by_side = tiles<AvgPoolDx>(p);
  const columns = nth(scratch, (p.ow - 1) * p.sw + p.kw + 8);
  if (!side_by_side) count_columns<AvgPoolDx>(p, columns, p.exclude_padding);
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    const dy = nth(p.dy, plane * p.oh * p.ow);
    const dx = nth(p.dx, plane * p.ih * p.iw);
    if (side_by_side) {
      for (let i = 0; i < p.oh; i++) quarter_rows(nth(dy, i * p.ow), nth(dx, 2 * i * p.iw), p.ow, p.iw);
      fill_row(nth(dx, 2 * p.oh * p.iw), (p.ih - 2 * p.oh) * p.iw, 0);
    } else {
      fill_row(dx, p.ih * p.iw, 0);
      spread_plane(p, dy, dx, scratch, columns);
    }
  }
}

/** Two rows of dx from one row of dy, 2×2 windows. */
function quarter_rows(dy: usize, dx: usize, count: i32, iw: i32): void {
  for (let j = 0; j < count; j += 4) {
    const d = f32x4.mul(v128.load(nth(dy, j)), f32x4.splat(0.25));
    store_pairs(nth(dx, 2 * j), d, d, count - j);
    store_pairs(nth(dx, 2 * j + iw), d, d, count - j);
  }
  zero_rest(dx, 2 * count, iw);
}

/** Windows of any geometry. */
function spread_plane(p: AvgPoolDx, dy: usize, dx: usize, scratch: usize, columns: usize): void {
  const width = (p.ow - 1) * p.sw + p.kw;
  const inside = min(p.iw, width - p.pl);
  for (let i = 0; i < p.oh; i++) {
    const top = max(0, i * p.sh - p.pt);
    const bottom = min(p.ih, i * p.sh - p.pt + p.kh);
    fill_row(scratch, width, 0);
    spread_row(p, nth(dy, i * p.ow), scratch, columns, <f32>(p.exclude_padding ? bottom - top : p.kh));
    for (let row = top; row < bottom; row++) add_row(nth(scratch, p.pl), nth(dx, row * p.iw), inside);
  }
}

/** Adds each dy / (rows · columns) to the kw floats of `row` that its window covers. */
function spread_row(p: AvgPoolDx, dy: usize, row: usize, columns: usize, rows: f32): void {
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

/** dx = dy / hw, all over each plane. */
export function global_avg_pool_dx(p: GlobalAvgPoolDx, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.planes, worker + 1, workers);
  for (let plane = share(p.planes, worker, workers); plane < to; plane++) {
    fill_row(nth(p.dx, plane * p.hw), p.hw, load<f32>(nth(p.dy, plane)) / <f32>p.hw);
  }
}
