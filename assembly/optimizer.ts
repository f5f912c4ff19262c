/**
 * Optimizer updates in place, over one long row of parameters each; formulas: `training/ops/defs/optimizer.ts`. `hyper` holds the numbers of
 * SGD_HYPER and ADAM_HYPER there, in that order.
 */
import { Adam, Sgd } from "./generated/layouts";
import { nth, row_share, store_lanes } from "./parts";
import { fma } from "./simd";

/** Number `index` of `hyper`, in all lanes. */
// @ts-ignore: decorator
@inline
function hyper_of(hyper: usize, index: i32): v128 {
  return v128.load32_splat(nth(hyper, index));
}

/** The gradient of l1 · |p|: l1 · sign(p), and 0 where p is 0. */
// @ts-ignore: decorator
@inline
function subgradient(p: v128, l1: v128): v128 {
  const signed = v128.or(l1, v128.and(p, f32x4.splat(-0.0)));
  return v128.and(signed, f32x4.ne(p, f32x4.splat(0)));
}

/** sign(p) · max(0, |p| − threshold) */
// @ts-ignore: decorator
@inline
function soft_threshold(p: v128, threshold: v128): v128 {
  const size = f32x4.pmax(f32x4.sub(f32x4.abs(p), threshold), f32x4.splat(0));
  return v128.or(size, v128.and(p, f32x4.splat(-0.0)));
}

export function sgd(p: Sgd, worker: i32, workers: i32, scratch: usize): void {
  const rate = hyper_of(p.hyper, 0);
  const momentum = hyper_of(p.hyper, 1);
  const weight_decay = hyper_of(p.hyper, 2);
  const l1 = hyper_of(p.hyper, 3);
  const threshold = f32x4.mul(rate, l1);
  const to = row_share(p.size, worker + 1, workers);
  for (let i = row_share(p.size, worker, workers); i < to; i += 4) {
    const lanes = min(4, to - i);
    const param = v128.load(nth(p.param, i));
    let g = fma(weight_decay, param, v128.load(nth(p.grad, i)));
    if (!p.proximal) g = f32x4.add(g, subgradient(param, l1));
    const velocity = fma(momentum, v128.load(nth(p.velocity, i)), g);
    const step = p.nesterov ? fma(momentum, velocity, g) : velocity;
    const next = f32x4.sub(param, f32x4.mul(rate, step));
    store_lanes(nth(p.velocity, i), velocity, lanes);
    store_lanes(nth(p.param, i), p.proximal ? soft_threshold(next, threshold) : next, lanes);
  }
}

export function adam(p: Adam, worker: i32, workers: i32, scratch: usize): void {
  const rate = hyper_of(p.hyper, 0);
  const beta1 = hyper_of(p.hyper, 1);
  const beta2 = hyper_of(p.hyper, 2);
  const eps = hyper_of(p.hyper, 3);
  const weight_decay = hyper_of(p.hyper, 4);
  const l1 = hyper_of(p.hyper, 5);
  const correction1 = hyper_of(p.hyper, 6);
  const correction2 = hyper_of(p.hyper, 7);
  const one = f32x4.splat(1);
  const rest1 = f32x4.sub(one, beta1);
  const rest2 = f32x4.sub(one, beta2);
  const threshold = f32x4.mul(rate, l1);
  const kept = p.decoupled ? f32x4.sub(one, f32x4.mul(rate, weight_decay)) : one;
  const added = p.decoupled ? f32x4.splat(0) : weight_decay;
  const to = row_share(p.size, worker + 1, workers);
  for (let i = row_share(p.size, worker, workers); i < to; i += 4) {
    const lanes = min(4, to - i);
    const param = v128.load(nth(p.param, i));
    let g = fma(added, param, v128.load(nth(p.grad, i)));
    if (!p.proximal) g = f32x4.add(g, subgradient(param, l1));
    const m = fma(beta1, v128.load(nth(p.m, i)), f32x4.mul(rest1, g));
    const v = fma(beta2, v128.load(nth(p.v, i)), f32x4.mul(rest2, f32x4.mul(g, g)));
    const deviation = f32x4.add(f32x4.sqrt(f32x4.div(v, correction2)), eps);
    const step = f32x4.div(f32x4.mul(rate, f32x4.div(m, correction1)), deviation);
    const next = f32x4.sub(f32x4.mul(kept, param), step);
    store_lanes(nth(p.m, i), m, lanes);
    store_lanes(nth(p.v, i), v, lanes);
    store_lanes(nth(p.param, i), p.proximal ? soft_threshold(next, threshold) : next, lanes);
  }
}
