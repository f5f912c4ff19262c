/**
 * Cross entropy of logits [n, c] against labels [n] (i32), its gradient, and the tally of an epoch. With label smoothing s the target is
 * q[k] = (1 − s)·[k = label] + s/c.
 *
 * All from d = logit − max: loss = ln Σ exp d − (1 − s) · d[label] − s/c · Σ d, in float64 but for the exponentials.
 * A label outside 0 … c − 1 is never used as an index: its loss is NaN, its gradient that of a target without the label's share.
 */
import { log } from "./exp_log";
import { CrossEntropy, CrossEntropyDx, Tally } from "./generated/layouts";
import { nth, store_part, whole_bytes } from "./parts";
import { share } from "./simd";
import { exp_row, row_max } from "./softmax";
import { row_sum } from "./sums";

/** `y = 1/n Σ loss`: a single number, so a single worker computes it. */
export function cross_entropy(p: CrossEntropy, worker: i32, workers: i32, scratch: usize): void {
  if (worker != 0) return;
  let total: f64 = 0;
  for (let row = 0; row < p.n; row++) {
    total += row_loss(nth(p.logits, row * p.c), label_of(p.labels, row), p.c, p.label_smoothing);
  }
  store<f32>(p.y, <f32>(total / <f64>p.n));
}

// @ts-ignore: decorator
@inline
function label_of(labels: usize, row: i32): i32 {
  return load<i32>(labels + ((<usize>row) << 2));
}

function row_loss(logits: usize, label: i32, c: i32, smoothing: f64): f64 {
  if (<u32>label >= <u32>c) return NaN;
  const max = row_max(logits, c);
  const d = <f64>load<f32>(nth(logits, label)) - max;
  const loss = log(exp_row(logits, 0, c, max)) - (1 - smoothing) * d;
  // without smoothing a logit of −∞ that is not the label's counts for nothing, and 0 · ∞ would not
  if (smoothing == 0) return loss;
  return loss - (smoothing / <f64>c) * (row_sum(logits, c) - <f64>c * max);
}

/** `dx[n,k] = dy/n · (softmax(logits[n])[k] − q[k])` */
export function cross_entropy_dx(p: CrossEntropyDx, worker: i32, workers: i32, scratch: usize): void {
  const factor = load<f32>(p.dy) / <f32>p.n;
  const share_of_all = p.label_smoothing / <f32>p.c;
  const to = share(p.n, worker + 1, workers);
  for (let row = share(p.n, worker, workers); row < to; row++) {
    const x = nth(p.logits, row * p.c);
    const dx = nth(p.dx, row * p.c);
    const label = label_of(p.labels, row);
    const sum = <f32>exp_row(x, dx, p.c, row_max(x, p.c));
    const inside = <u32>label < <u32>p.c;
    const of_label = inside ? factor * (load<f32>(nth(dx, label)) / sum - (1 - p.label_smoothing + share_of_all)) : 0;
    subtract_row(dx, p.c, f32x4.splat(sum), f32x4.splat(share_of_all), f32x4.splat(factor));
    if (inside) store<f32>(nth(dx, label), of_label);
  }
}

/** v = factor · (v / sum − part) */
function subtract_row(v: usize, count: i32, sum: v128, part: v128, factor: v128): void {
  const whole = whole_bytes(count);
  for (let at = v; at < v + whole; at += 16) v128.store(at, f32x4.mul(factor, f32x4.sub(f32x4.div(v128.load(at), sum), part)));
  store_part(v + whole, f32x4.mul(factor, f32x4.sub(f32x4.div(v128.load(v + whole), sum), part)), count & 3);
}

/** totals += [loss · n, rows whose first largest logit is the label's, n] */
export function tally(p: Tally, worker: i32, workers: i32, scratch: usize): void {
  if (worker != 0) return;
  let hits = 0;
  for (let row = 0; row < p.n; row++) hits += <i32>is_hit(nth(p.logits, row * p.c), label_of(p.labels, row), p.c);
  store<f32>(p.totals, load<f32>(p.totals) + load<f32>(p.loss) * <f32>p.n);
  store<f32>(p.totals, load<f32>(p.totals, 4) + <f32>hits, 4);
  store<f32>(p.totals, load<f32>(p.totals, 8) + <f32>p.n, 8);
}

/** Is the label's logit above all before it and not below any after it? A NaN makes it a miss. */
function is_hit(logits: usize, label: i32, c: i32): bool {
  if (<u32>label >= <u32>c) return false;
  const own = load<f32>(nth(logits, label));
  for (let k = 0; k < label; k++) if (!(load<f32>(nth(logits, k)) < own)) return false;
  for (let k = label; k < c; k++) if (!(load<f32>(nth(logits, k)) <= own)) return false;
  return true;
}
