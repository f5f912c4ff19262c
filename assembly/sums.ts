/**
 * Sums that stay accurate however long they are: float32 in four vectors of four lanes over at most FLUSH floats, float64 beyond.
 * The order of additions depends on the counts alone.
 */
import { demote, keep_part, nth, promote_high, promote_low, store_lanes, sum2, whole_bytes, widen } from "./parts";

/** Floats that are summed in float32 before they join a float64 sum: 128 per lane. */
export const FLUSH: i32 = 2048;

/** Σ of `count` neighbouring floats. */
export function row_sum(x: usize, count: i32): f64 {
  let total = f64x2.splat(0);
  for (let from = 0; from < count; from += FLUSH) total = f64x2.add(total, widen(piece_sum(nth(x, from), min(FLUSH, count - from))));
  return sum2(total);
}

/** Σ of up to FLUSH floats, in four lanes. */
function piece_sum(x: usize, count: i32): v128 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const quads = (<usize>(count & ~15)) << 2;
  const whole = whole_bytes(count);
  let at: usize = 0;
  for (; at < quads; at += 64) {
    a = f32x4.add(a, v128.load(x + at));
    b = f32x4.add(b, v128.load(x + at, 16));
    c = f32x4.add(c, v128.load(x + at, 32));
    d = f32x4.add(d, v128.load(x + at, 48));
  }
  for (; at < whole; at += 16) a = f32x4.add(a, v128.load(x + at));
  b = f32x4.add(b, keep_part(v128.load(x + at), count & 3));
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** y[j] = Σ_i x[i, j] for `lanes` (1 … 4) neighbouring columns of a matrix with n rows of `stride` floats; all in float64. */
export function column_sums(x: usize, y: usize, n: i32, stride: i32, lanes: i32): void {
  let low = f64x2.splat(0);
  let high = low;
  for (let row = 0; row < n; row++) {
    const v = v128.load(nth(x, row * stride));
    low = f64x2.add(low, promote_low(v));
    high = f64x2.add(high, promote_high(v));
  }
  store_lanes(y, demote(low, high), lanes);
}
