/**
 * `y[n,c] = exp(x[n,c] − max) / Σ_k exp(x[n,k] − max)`, max the row's largest. x, y [n, c]. A row with a NaN, with +∞, or with −∞ alone is NaN,
 * as in PyTorch.
 */
import { exp4 } from "./exp_log";
import { Softmax } from "./generated/layouts";
import { keep_part, nth, store_part, sum2, whole_bytes, widen } from "./parts";
import { share } from "./simd";

export function softmax(p: Softmax, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.n, worker + 1, workers);
  for (let row = share(p.n, worker, workers); row < to; row++) {
    const x = nth(p.x, row * p.c);
    const y = nth(p.y, row * p.c);
    const sum = f32x4.splat(<f32>exp_row(x, y, p.c, row_max(x, p.c)));
    const whole = whole_bytes(p.c);
    for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.div(v128.load(y + at), sum));
    store_part(y + whole, f32x4.div(v128.load(y + whole), sum), p.c & 3);
  }
}

/** The largest of `count` floats; NaN if one of them is. */
export function row_max(x: usize, count: i32): f32 {
  const least = f32x4.splat(-Infinity);
  const whole = whole_bytes(count);
  let v = least;
  for (let at: usize = 0; at < whole; at += 16) v = f32x4.max(v, v128.load(x + at));
  const inside = i32x4.gt_s(i32x4.splat(count & 3), i32x4(0, 1, 2, 3));
  v = f32x4.max(v, v128.bitselect(v128.load(x + whole), least, inside));
  return max(max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)), max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)));
}

/** Writes y = exp(x − shift) unless y is 0, and returns the sum of these in float64. */
export function exp_row(x: usize, y: usize, count: i32, shift: f32): f64 {
  const s = f32x4.splat(shift);
  const whole = whole_bytes(count);
  let sum = f64x2.splat(0);
  for (let at: usize = 0; at < whole; at += 16) {
    const e = exp4(f32x4.sub(v128.load(x + at), s));
    if (y) v128.store(y + at, e);
    sum = f64x2.add(sum, widen(e));
  }
  const e = keep_part(exp4(f32x4.sub(v128.load(x + whole), s)), count & 3);
  if (y) store_part(y + whole, e, count & 3);
  return sum2(f64x2.add(sum, widen(e)));
}
