/**
 * The transforms of Winograd's convolution F(m × m, 3 × 3) along one axis, for m = 2 and 4: `y = Aᵀ [ (G g) ⊙ (Bᵀ d) ]`. Here stand Bᵀ, over four tiles at
 * once, and G; Aᵀ, whose results go on in registers, is in winograd_output.ts.
 *
 * Rows of Bᵀ are the polynomials Π (x − q) over all points q but the row's own, rows of G the powers of a point over that product at the point, columns of Aᵀ
 * the powers of a point. Points for m = 2: 0, ±1, ∞. For m = 4: 0, ±√½, ±√2, ∞, which round less than the usual ±1, ±2.
 */
import { fms } from "./simd";

/** √½ and √2. */
const A: f32 = 0.70710678118654752;
const B: f32 = 1.4142135623730951;

/** Offsets of the factors that transforms for m = 4 multiply by. They are read from memory, since engines make constants anew wherever they stand. */
export const TWO: i32 = 16;
export const HALF: i32 = 32;
export const ROOT_HALF: i32 = 48;
export const ROOT_TWO: i32 = 64;
export const FACTORS: i32 = 80;

/** Writes the factors, FACTORS bytes of them; 2.5 is the first. */
export function set_factors(at: usize): void {
  v128.store(at, f32x4.splat(2.5));
  v128.store(at, f32x4.splat(2), TWO);
  v128.store(at, f32x4.splat(0.5), HALF);
  v128.store(at, f32x4.splat(A), ROOT_HALF);
  v128.store(at, f32x4.splat(B), ROOT_TWO);
}

/** Bᵀ d for m = 2; results go to at, at + apart, … */
// @ts-ignore: decorator
@inline
export function input2(at: usize, apart: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  v128.store(at, f32x4.sub(d0, d2));
  at += apart;
  v128.store(at, f32x4.add(d1, d2));
  at += apart;
  v128.store(at, f32x4.sub(d2, d1));
  v128.store(at + apart, f32x4.sub(d1, d3));
}

/** Bᵀ d for m = 4. */
// @ts-ignore: decorator
@inline
export function input4(at: usize, apart: usize, factors: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): void {
  const large = v128.load(factors);
  v128.store(at, fms(large, d2, f32x4.add(d0, d4)));
  at += apart;
  const two = v128.load(factors, TWO);
  const even1 = fms(two, d2, d4);
  const odd1 = f32x4.mul(v128.load(factors, ROOT_HALF), fms(two, d1, d3));
  v128.store(at, f32x4.add(even1, odd1));
  at += apart;
  v128.store(at, f32x4.sub(even1, odd1));
  at += apart;
  const half = v128.load(factors, HALF);
  const even2 = fms(half, d2, d4);
  const odd2 = f32x4.mul(v128.load(factors, ROOT_TWO), fms(half, d1, d3));
  v128.store(at, f32x4.add(even2, odd2));
  at += apart;
  v128.store(at, f32x4.sub(even2, odd2));
  v128.store(at + apart, fms(large, d3, f32x4.add(d1, d5)));
}

/** G g, along one axis, for tiles of m × m: three weights to m + 2 float64 numbers, `apart` bytes apart. */
export function weights(m: i32, g0: f64, g1: f64, g2: f64, at: usize, apart: usize): void {
  const even = g0 + g2;
  store<f64>(at, g0);
  if (m == 2) {
    store<f64>(at + apart, 0.5 * (even + g1));
    store<f64>(at + 2 * apart, 0.5 * (even - g1));
    store<f64>(at + 3 * apart, g2);
    return;
  }
  const even1 = g0 + 0.5 * g2;
  const odd1 = <f64>A * g1;
  const even2 = g0 + 2 * g2;
  const odd2 = <f64>B * g1;
  store<f64>(at + apart, (even1 + odd1) * (-1 / 1.5));
  store<f64>(at + 2 * apart, (even1 - odd1) * (-1 / 1.5));
  store<f64>(at + 3 * apart, (even2 + odd2) * (1.0 / 6));
  store<f64>(at + 4 * apart, (even2 - odd2) * (1.0 / 6));
  store<f64>(at + 5 * apart, g2);
}
