/**
 * Rows of any length, and sums that outgrow float32.
 *
 * Rows rarely end on a vector's border. Loads may run up to 64 bytes past a tensor's end (every allocation is padded), stores never: the last
 * one to three floats of a row are computed as a full vector, whose spare lanes are masked out of sums and not stored.
 */
import { share } from "./simd";

/** Address of float number `index` of the array at `base`. */
// @ts-ignore: decorator
@inline
export function nth(base: usize, index: i32): usize {
  return base + ((<usize>index) << 2);
}

/** Bytes of `count` floats. */
// @ts-ignore: decorator
@inline
export function bytes(count: i32): usize {
  return (<usize>count) << 2;
}

/** Entry `index` of a table of i32; without a table (0) the index itself. */
// @ts-ignore: decorator
@inline
export function entry(table: usize, index: i32): i32 {
  return table ? load<i32>(nth(table, index)) : index;
}

/** Bytes of the whole vectors among `count` floats. */
// @ts-ignore: decorator
@inline
export function whole_bytes(count: i32): usize {
  return (<usize>(count & ~3)) << 2;
}

/** Stores the first `count` (0 … 3) lanes of v. */
// @ts-ignore: decorator
@inline
export function store_part(at: usize, v: v128, count: i32): void {
  if (count & 2) {
    v128.store64_lane(at, v, 0);
    if (count & 1) v128.store32_lane(at, v, 2, 8);
  } else if (count & 1) {
    v128.store32_lane(at, v, 0);
  }
}

/** Stores the first `lanes` (1 … 4) lanes of v. */
// @ts-ignore: decorator
@inline
export function store_lanes(at: usize, v: v128, lanes: i32): void {
  if (lanes == 4) v128.store(at, v);
  else store_part(at, v, lanes);
}

/** The first `count` lanes of v, zeros after them, whatever stood there. */
// @ts-ignore: decorator
@inline
export function keep_part(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}

/** Lanes 0 and 1 in float64. */
// @ts-ignore: decorator
@inline
export function promote_low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3 in float64. */
// @ts-ignore: decorator
@inline
export function promote_high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** Four floats from two pairs of float64. */
// @ts-ignore: decorator
@inline
export function demote(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** The four lanes of v as two float64 sums. */
// @ts-ignore: decorator
@inline
export function widen(v: v128): v128 {
  return f64x2.add(promote_low(v), promote_high(v));
}

/** The sum of two float64 lanes. */
// @ts-ignore: decorator
@inline
export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Writes `value` to `count` floats. */
export function fill_row(at: usize, count: i32, value: f32): void {
  const v = f32x4.splat(value);
  const whole = whole_bytes(count);
  for (let to = at; to < at + whole; to += 16) v128.store(to, v);
  store_part(at + whole, v, count & 3);
}

/** Floats of a long row that go to one worker together: some work, and a multiple of every vector step. */
const TILE: i32 = 1024;

/** First of `count` floats in one row that worker `worker` computes, on a tile's border; the next worker's first is its end. */
export function row_share(count: i32, worker: i32, workers: i32): i32 {
  return min(count, share((count + TILE - 1) / TILE, worker, workers) * TILE);
}

/** First of `count` columns that worker `worker` computes, in groups of four; the next worker's first is its end. */
export function column_share(count: i32, worker: i32, workers: i32): i32 {
  return min(count, share((count + 3) >> 2, worker, workers) << 2);
}
