/**
 * Batch normalisation with the batch's own statistics (formulas: `training/ops/defs/batch_norm_train.ts`). x, y [n, c, hw]; the rest [c].
 * One worker computes a channel: once over it for its sums, once for its outputs, so that the second reading comes from the cache.
 *
 * Accuracy: the variance is that of d = x − shift with the shift near the mean (the mean of the first image), so little cancels in
 * Σd²/m − (Σd/m)². Sums are float32 over at most FLUSH floats in eight lanes, float64 beyond.
 * Planes of a single pixel (hw = 1) would be poor vectors; there the vectors hold four channels, and all sums are float64.
 */
import { normalize_columns, normalize_plane, scale_of } from "./batch_norm";
import { BatchNormTrain } from "./generated/layouts";
import { column_share, keep_part, nth, promote_high, promote_low, sum2, widen } from "./parts";
import { fma, share } from "./simd";
import { FLUSH, row_sum } from "./sums";

export function batch_norm_train(p: BatchNormTrain, worker: i32, workers: i32, scratch: usize): void {
  if (p.hw == 1) {
    const to = column_share(p.c, worker + 1, workers);
    for (let c = column_share(p.c, worker, workers); c < to; c += 4) train_columns(p, c, min(4, p.c - c));
  } else {
    const to = share(p.c, worker + 1, workers);
    for (let c = share(p.c, worker, workers); c < to; c++) train_channel(p, c);
  }
}

function train_channel(p: BatchNormTrain, c: i32): void {
  channel_moments(p, c);
  const mean = v128.load32_splat(nth(p.mean, c));
  const scale = scale_of(v128.load32_splat(nth(p.gamma, c)), v128.load32_splat(nth(p.var, c)), p.eps);
  const beta = v128.load32_splat(nth(p.beta, c));
  for (let i = 0; i < p.n; i++) {
    const at = (i * p.c + c) * p.hw;
    normalize_plane(nth(p.x, at), nth(p.y, at), p.hw, mean, scale, beta);
  }
}

/** Mean and variance of one channel. */
function channel_moments(p: BatchNormTrain, c: i32): void {
  const hw = p.hw;
  const shift = <f32>(row_sum(nth(p.x, c * hw), hw) / <f64>hw);
  const k = f32x4.splat(shift);
  let sum = f64x2.splat(0);
  let squares = sum;
  for (let i = 0; i < p.n; i++) {
    for (let from = 0; from < hw; from += FLUSH) {
      const x = nth(p.x, (i * p.c + c) * hw + from);
      const count = min(FLUSH, hw - from);
      const pairs = (<usize>(count & ~7)) << 2;
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let q0 = s0;
      let q1 = s0;
      let at: usize = 0;
      for (; at < pairs; at += 32) {
        const d0 = f32x4.sub(v128.load(x + at), k);
        const d1 = f32x4.sub(v128.load(x + at, 16), k);
        s0 = f32x4.add(s0, d0);
        s1 = f32x4.add(s1, d1);
        q0 = fma(d0, d0, q0);
        q1 = fma(d1, d1, q1);
      }
      if (count & 4) {
        const d = f32x4.sub(v128.load(x + at), k);
        s0 = f32x4.add(s0, d);
        q0 = fma(d, d, q0);
        at += 16;
      }
      const rest = keep_part(f32x4.sub(v128.load(x + at), k), count & 3);
      s1 = f32x4.add(s1, rest);
      q1 = fma(rest, rest, q1);
      sum = f64x2.add(sum, widen(f32x4.add(s0, s1)));
      squares = f64x2.add(squares, widen(f32x4.add(q0, q1)));
    }
  }
  const m = <f64>p.n * hw;
  const d = sum2(sum) / m;
  store_moments(p, c, shift + d, max(0, sum2(squares) / m - d * d));
}

/** Writes one channel's statistics and moves the running ones. */
function store_moments(p: BatchNormTrain, c: i32, mean: f64, variance: f64): void {
  store<f32>(nth(p.mean, c), <f32>mean);
  store<f32>(nth(p.var, c), <f32>variance);
  const m = <f64>p.n * p.hw;
  // of a single float there is no unbiased variance: it stays 0
  move(nth(p.running_mean, c), mean, p.momentum);
  move(nth(p.running_var, c), (variance * m) / max(1, m - 1), p.momentum);
}

// @ts-ignore: decorator
@inline
function move(at: usize, towards: f64, momentum: f64): void {
  const old = <f64>load<f32>(at);
  store<f32>(at, <f32>(old + momentum * (towards - old)));
}

/** hw = 1: `lanes` neighbouring channels. */
function train_columns(p: BatchNormTrain, c: i32, lanes: i32): void {
  const x = nth(p.x, c);
  const shift = v128.load(x);
  let sum_low = f64x2.splat(0);
  let sum_high = sum_low;
  let squares_low = sum_low;
  let squares_high = sum_low;
  for (let row = 0; row < p.n; row++) {
    const d = f32x4.sub(v128.load(nth(x, row * p.c)), shift);
    const low = promote_low(d);
    const high = promote_high(d);
    sum_low = f64x2.add(sum_low, low);
    sum_high = f64x2.add(sum_high, high);
    squares_low = f64x2.add(squares_low, f64x2.mul(low, low));
    squares_high = f64x2.add(squares_high, f64x2.mul(high, high));
  }
  store_column(p, c, 0, f64x2.extract_lane(sum_low, 0), f64x2.extract_lane(squares_low, 0));
  if (lanes > 1) store_column(p, c, 1, f64x2.extract_lane(sum_low, 1), f64x2.extract_lane(squares_low, 1));
  if (lanes > 2) store_column(p, c, 2, f64x2.extract_lane(sum_high, 0), f64x2.extract_lane(squares_high, 0));
  if (lanes > 3) store_column(p, c, 3, f64x2.extract_lane(sum_high, 1), f64x2.extract_lane(squares_high, 1));
  const scale = scale_of(v128.load(nth(p.gamma, c)), v128.load(nth(p.var, c)), p.eps);
  normalize_columns(x, nth(p.y, c), p.n, p.c, v128.load(nth(p.mean, c)), scale, v128.load(nth(p.beta, c)), lanes);
}

function store_column(p: BatchNormTrain, c: i32, lane: i32, sum: f64, squares: f64): void {
  const d = sum / <f64>p.n;
  const shift = <f64>load<f32>(nth(p.x, c + lane));
  store_moments(p, c + lane, shift + d, max(0, squares / <f64>p.n - d * d));
}
