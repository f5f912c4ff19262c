/**
 * `y[n,c,i] = scale[c] · (x[n,c,i] − mean[c]) + beta[c]`, scale = gamma / √(var + eps). x, y [n, c, hw].
 *
 * The mean is subtracted first and not folded into beta: where it is large against the deviation, the difference keeps its digits.
 * Planes of a single pixel (hw = 1) would be poor vectors; there the vectors hold four channels.
 */
import { BatchNorm } from "./generated/layouts";
import { column_share, nth, store_lanes, store_part, whole_bytes } from "./parts";
import { fma, share } from "./simd";

export function batch_norm(p: BatchNorm, worker: i32, workers: i32, scratch: usize): void {
  if (p.hw == 1) columns(p, worker, workers);
  else planes(p, worker, workers);
}

/** gamma / √(var + eps) */
// @ts-ignore: decorator
@inline
export function scale_of(gamma: v128, variance: v128, eps: f32): v128 {
  return f32x4.div(gamma, f32x4.sqrt(f32x4.add(variance, f32x4.splat(eps))));
}

function planes(p: BatchNorm, worker: i32, workers: i32): void {
  const to = share(p.n * p.c, worker + 1, workers);
  for (let plane = share(p.n * p.c, worker, workers); plane < to; plane++) {
    const c = plane % p.c;
    const scale = scale_of(v128.load32_splat(nth(p.gamma, c)), v128.load32_splat(nth(p.var, c)), p.eps);
    const mean = v128.load32_splat(nth(p.mean, c));
    const beta = v128.load32_splat(nth(p.beta, c));
    const at = plane * p.hw;
    normalize_plane(nth(p.x, at), nth(p.y, at), p.hw, mean, scale, beta);
  }
}

/** y = scale · (x − mean) + beta for `count` floats of one channel. */
// @ts-ignore: decorator
@inline
export function normalize_plane(x: usize, y: usize, count: i32, mean: v128, scale: v128, beta: v128): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, fma(f32x4.sub(v128.load(x + at), mean), scale, beta));
  store_part(y + whole, fma(f32x4.sub(v128.load(x + whole), mean), scale, beta), count & 3);
}

function columns(p: BatchNorm, worker: i32, workers: i32): void {
  const to = column_share(p.c, worker + 1, workers);
  for (let c = column_share(p.c, worker, workers); c < to; c += 4) {
    const scale = scale_of(v128.load(nth(p.gamma, c)), v128.load(nth(p.var, c)), p.eps);
    normalize_columns(nth(p.x, c), nth(p.y, c), p.n, p.c, v128.load(nth(p.mean, c)), scale, v128.load(nth(p.beta, c)), min(4, p.c - c));
  }
}

/** The same for n rows of `lanes` (1 … 4) neighbouring channels; rows are `stride` floats apart. */
// @ts-ignore: decorator
@inline
export function normalize_columns(x: usize, y: usize, n: i32, stride: i32, mean: v128, scale: v128, beta: v128, lanes: i32): void {
  for (let row = 0; row < n; row++) {
    const at = row * stride;
    store_lanes(nth(y, at), fma(f32x4.sub(v128.load(nth(x, at)), mean), scale, beta), lanes);
  }
}
