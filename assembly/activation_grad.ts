/**
 * `dx = slope[c] · f'(x) · dy`, and where it is asked for `dslope[c] = Σ_{n,i} f(x) · dy`, in one reading. x, dy, dx [n, c, hw]; f by `fn`
 * (see activate.ts). Without slope the factor is 1.
 *
 * A worker computes whole channels, since dslope sums over the batch: float32 over at most FLUSH floats in eight lanes, float64 beyond.
 * Planes of a single pixel (hw = 1) would be poor vectors; there the vectors hold four channels.
 */
import { activate, activate_grad } from "./activate";
import { ActivationGrad } from "./generated/layouts";
import {
  column_share,
  demote,
  keep_part,
  nth,
  promote_high,
  promote_low,
  store_lanes,
  store_part,
  sum2,
  whole_bytes,
  widen,
} from "./parts";
import { fma, share } from "./simd";
import { FLUSH } from "./sums";

export function activation_grad(p: ActivationGrad, worker: i32, workers: i32, scratch: usize): void {
  if (p.hw == 1) {
    const to = column_share(p.c, worker + 1, workers);
    for (let c = column_share(p.c, worker, workers); c < to; c += 4) grad_columns(p, c, min(4, p.c - c));
  } else {
    const to = share(p.c, worker + 1, workers);
    for (let c = share(p.c, worker, workers); c < to; c++) grad_channel(p, c);
  }
}

function grad_channel(p: ActivationGrad, c: i32): void {
  const slope = p.slope ? v128.load32_splat(nth(p.slope, c)) : f32x4.splat(1);
  let total = f64x2.splat(0);
  for (let i = 0; i < p.n; i++) {
    for (let from = 0; from < p.hw; from += FLUSH) {
      const at = (i * p.c + c) * p.hw + from;
      const count = min(FLUSH, p.hw - from);
      if (p.dslope) total = f64x2.add(total, widen(grad_and_sum(p.fn, nth(p.x, at), nth(p.dy, at), nth(p.dx, at), count, slope)));
      else grad_row(p.fn, nth(p.x, at), nth(p.dy, at), nth(p.dx, at), count, slope);
    }
  }
  if (p.dslope) store<f32>(nth(p.dslope, c), <f32>sum2(total));
}

function grad_row(fn: i32, x: usize, dy: usize, dx: usize, count: i32, slope: v128): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) {
    v128.store(dx + at, f32x4.mul(slope, activate_grad(fn, v128.load(x + at), v128.load(dy + at))));
  }
  store_part(dx + whole, f32x4.mul(slope, activate_grad(fn, v128.load(x + whole), v128.load(dy + whole))), count & 3);
}

/** The same; returns Σ f(x) · dy in four lanes. */
function grad_and_sum(fn: i32, x: usize, dy: usize, dx: usize, count: i32, slope: v128): v128 {
  const pairs = (<usize>(count & ~7)) << 2;
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let at: usize = 0;
  for (; at < pairs; at += 32) {
    const x0 = v128.load(x + at);
    const x1 = v128.load(x + at, 16);
    const g0 = v128.load(dy + at);
    const g1 = v128.load(dy + at, 16);
    s0 = fma(activate(fn, x0), g0, s0);
    s1 = fma(activate(fn, x1), g1, s1);
    v128.store(dx + at, f32x4.mul(slope, activate_grad(fn, x0, g0)));
    v128.store(dx + at, f32x4.mul(slope, activate_grad(fn, x1, g1)), 16);
  }
  if (count & 4) {
    const v = v128.load(x + at);
    const g = v128.load(dy + at);
    s0 = fma(activate(fn, v), g, s0);
    v128.store(dx + at, f32x4.mul(slope, activate_grad(fn, v, g)));
    at += 16;
  }
  const v = v128.load(x + at);
  const g = v128.load(dy + at);
  store_part(dx + at, f32x4.mul(slope, activate_grad(fn, v, g)), count & 3);
  return f32x4.add(f32x4.add(s0, s1), keep_part(f32x4.mul(activate(fn, v), g), count & 3));
}

/** hw = 1: `lanes` neighbouring channels. */
function grad_columns(p: ActivationGrad, c: i32, lanes: i32): void {
  const slope = p.slope ? v128.load(nth(p.slope, c)) : f32x4.splat(1);
  let low = f64x2.splat(0);
  let high = low;
  for (let row = 0; row < p.n; row++) {
    const at = row * p.c + c;
    const x = v128.load(nth(p.x, at));
    const dy = v128.load(nth(p.dy, at));
    const product = f32x4.mul(activate(p.fn, x), dy);
    low = f64x2.add(low, promote_low(product));
    high = f64x2.add(high, promote_high(product));
    store_lanes(nth(p.dx, at), f32x4.mul(slope, activate_grad(p.fn, x, dy)), lanes);
  }
  if (p.dslope) store_lanes(nth(p.dslope, c), demote(low, high), lanes);
}
