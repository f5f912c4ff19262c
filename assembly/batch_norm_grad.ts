/**
 * The gradient of batch normalisation, with inv = 1 / √(var + eps) and m = n · hw:
 * `dbeta[c] = Σ dy`, `dgamma[c] = inv · Σ dy · (x − mean)`, and `dx = a · (dy − k) + b · (x − mean)` where
 * a = gamma · inv, k = dbeta / m, b = −a · inv · dgamma / m; frozen statistics leave dx = a · dy.
 * x, dy, dx [n, c, hw]; the rest [c]. Work, cache and sums as in batch_norm_train.ts.
 */
import { BatchNormGrad } from "./generated/layouts";
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

export function batch_norm_grad(p: BatchNormGrad, worker: i32, workers: i32, scratch: usize): void {
  if (p.hw == 1) {
    const to = column_share(p.c, worker + 1, workers);
    for (let c = column_share(p.c, worker, workers); c < to; c += 4) grad_columns(p, c, min(4, p.c - c));
  } else {
    const to = share(p.c, worker + 1, workers);
    for (let c = share(p.c, worker, workers); c < to; c++) grad_channel(p, c);
  }
}

/** 1 / √(var + eps) */
// @ts-ignore: decorator
@inline
function inverse(variance: v128, eps: f32): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps))));
}

function grad_channel(p: BatchNormGrad, c: i32): void {
  const mean = v128.load32_splat(nth(p.mean, c));
  const inv = inverse(v128.load32_splat(nth(p.var, c)), p.eps);
  channel_sums(p, c, mean, f32x4.extract_lane(inv, 0));
  const a = f32x4.mul(v128.load32_splat(nth(p.gamma, c)), inv);
  const m = f32x4.splat(<f32>p.n * <f32>p.hw);
  const k = f32x4.div(v128.load32_splat(nth(p.dbeta, c)), m);
  const b = f32x4.neg(f32x4.mul(f32x4.mul(a, inv), f32x4.div(v128.load32_splat(nth(p.dgamma, c)), m)));
  for (let i = 0; i < p.n; i++) {
    const at = (i * p.c + c) * p.hw;
    if (p.frozen) scale_plane(nth(p.dy, at), nth(p.dx, at), p.hw, a);
    else grad_plane(nth(p.x, at), nth(p.dy, at), nth(p.dx, at), p.hw, mean, a, b, k);
  }
}

/** dbeta and dgamma of one channel. */
function channel_sums(p: BatchNormGrad, c: i32, mean: v128, inv: f32): void {
  const hw = p.hw;
  let sum = f64x2.splat(0);
  let products = sum;
  for (let i = 0; i < p.n; i++) {
    for (let from = 0; from < hw; from += FLUSH) {
      const offset = (i * p.c + c) * hw + from;
      const x = nth(p.x, offset);
      const dy = nth(p.dy, offset);
      const count = min(FLUSH, hw - from);
      const pairs = (<usize>(count & ~7)) << 2;
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let q0 = s0;
      let q1 = s0;
      let at: usize = 0;
      for (; at < pairs; at += 32) {
        const g0 = v128.load(dy + at);
        const g1 = v128.load(dy + at, 16);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        q0 = fma(g0, f32x4.sub(v128.load(x + at), mean), q0);
        q1 = fma(g1, f32x4.sub(v128.load(x + at, 16), mean), q1);
      }
      if (count & 4) {
        const g = v128.load(dy + at);
        s0 = f32x4.add(s0, g);
        q0 = fma(g, f32x4.sub(v128.load(x + at), mean), q0);
        at += 16;
      }
      const rest = v128.load(dy + at);
      s1 = f32x4.add(s1, keep_part(rest, count & 3));
      q1 = f32x4.add(q1, keep_part(f32x4.mul(rest, f32x4.sub(v128.load(x + at), mean)), count & 3));
      sum = f64x2.add(sum, widen(f32x4.add(s0, s1)));
      products = f64x2.add(products, widen(f32x4.add(q0, q1)));
    }
  }
  store<f32>(nth(p.dbeta, c), <f32>sum2(sum));
  store<f32>(nth(p.dgamma, c), <f32>(sum2(products) * inv));
}

function grad_plane(x: usize, dy: usize, dx: usize, count: i32, mean: v128, a: v128, b: v128, k: v128): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(dx + at, grad_of(v128.load(x + at), v128.load(dy + at), mean, a, b, k));
  store_part(dx + whole, grad_of(v128.load(x + whole), v128.load(dy + whole), mean, a, b, k), count & 3);
}

// @ts-ignore: decorator
@inline
function grad_of(x: v128, dy: v128, mean: v128, a: v128, b: v128, k: v128): v128 {
  return fma(a, f32x4.sub(dy, k), f32x4.mul(b, f32x4.sub(x, mean)));
}

function scale_plane(dy: usize, dx: usize, count: i32, a: v128): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(dx + at, f32x4.mul(a, v128.load(dy + at)));
  store_part(dx + whole, f32x4.mul(a, v128.load(dy + whole)), count & 3);
}

/** hw = 1: `lanes` neighbouring channels. */
function grad_columns(p: BatchNormGrad, c: i32, lanes: i32): void {
  const mean = v128.load(nth(p.mean, c));
  const inv = inverse(v128.load(nth(p.var, c)), p.eps);
  let sum_low = f64x2.splat(0);
  let sum_high = sum_low;
  let products_low = sum_low;
  let products_high = sum_low;
  for (let row = 0; row < p.n; row++) {
    const at = row * p.c + c;
    const dy = v128.load(nth(p.dy, at));
    const product = f32x4.mul(dy, f32x4.sub(v128.load(nth(p.x, at)), mean));
    sum_low = f64x2.add(sum_low, promote_low(dy));
    sum_high = f64x2.add(sum_high, promote_high(dy));
    products_low = f64x2.add(products_low, promote_low(product));
    products_high = f64x2.add(products_high, promote_high(product));
  }
  const dbeta = demote(sum_low, sum_high);
  const dgamma = f32x4.mul(demote(products_low, products_high), inv);
  store_lanes(nth(p.dbeta, c), dbeta, lanes);
  store_lanes(nth(p.dgamma, c), dgamma, lanes);

  const a = f32x4.mul(v128.load(nth(p.gamma, c)), inv);
  const m = f32x4.splat(<f32>p.n);
  const k = f32x4.div(dbeta, m);
  const b = f32x4.neg(f32x4.mul(f32x4.mul(a, inv), f32x4.div(dgamma, m)));
  for (let row = 0; row < p.n; row++) {
    const at = row * p.c + c;
    const dy = v128.load(nth(p.dy, at));
    store_lanes(nth(p.dx, at), p.frozen ? f32x4.mul(a, dy) : grad_of(v128.load(nth(p.x, at)), dy, mean, a, b, k), lanes);
  }
}
