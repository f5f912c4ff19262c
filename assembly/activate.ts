/**
 * The activation functions, four floats at a time: the one place where their formulas stand for every kernel. `fn` is the op table's code
 * (`src/ops/activation.ts`); 0 is the identity, which only epilogues use. The slope of a rotated activation is a factor of the caller's.
 *
 * pmax(v, 0) is `v < 0 ? 0 : v`: one instruction, and a NaN stays a NaN, as in PyTorch.
 */
import { RELU, RELU6 } from "./generated/activations";

/** f(v) */
// @ts-ignore: decorator
@inline
export function activate(fn: i32, v: v128): v128 {
  if (fn == RELU) return f32x4.pmax(v, f32x4.splat(0));
  if (fn == RELU6) return f32x4.pmin(f32x4.pmax(v, f32x4.splat(0)), f32x4.splat(6));
  return v;
}

/** f(v) = clamp(v, lowest, highest), for loops that are too short for a choice in each turn. */
// @ts-ignore: decorator
@inline
export function clamp(v: v128, low: v128, high: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, low), high);
}

// @ts-ignore: decorator
@inline
export function lowest(fn: i32): v128 {
  return f32x4.splat(fn == RELU || fn == RELU6 ? 0 : -Infinity);
}

// @ts-ignore: decorator
@inline
export function highest(fn: i32): v128 {
  return f32x4.splat(fn == RELU6 ? 6 : Infinity);
}

/** f'(v) · dy. At a kink f' is 0; where v is NaN dy passes, as in PyTorch. */
// @ts-ignore: decorator
@inline
export function activate_grad(fn: i32, v: v128, dy: v128): v128 {
  if (fn == RELU) return v128.andnot(dy, f32x4.le(v, f32x4.splat(0)));
  if (fn == RELU6) return v128.andnot(dy, v128.or(f32x4.le(v, f32x4.splat(0)), f32x4.ge(v, f32x4.splat(6))));
  return dy;
}
