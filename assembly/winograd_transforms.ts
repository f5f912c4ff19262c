/**
 * The transforms of Winograd's convolution F(m × m, 3 × 3) along one axis, for m = 2 and 4, each over four tiles at once: `y = Aᵀ [ (G g) ⊙ (Bᵀ d) ]`.
 *
 * Rows of Bᵀ are the polynomials Π (x − q) over all points q but the row's own, rows of G the powers of a point over that product at the point, columns of Aᵀ
 * the powers of a point. Points for m = 2: 0, ±1, ∞. For m = 4: 0, ±√½, ±√2, ∞, which round less than the usual ±1, ±2.
 */
import { fma, fms } from "./simd";

/** √½ and √2. */
const A: f32 = 0.70710678118654752;
const B: f32 = 1.4142135623730951;

/** Bᵀ d for m = 2; results go to at, at + apart, … */
// @ts-ignore: decorator
@inline
export function input2(at: usize, apart: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  v128.store(at, f32x4.sub(d0, d2));
  v128.store(at + apart, f32x4.add(d1, d2));
  v128.store(at + 2 * apart, f32x4.sub(d2, d1));
  v128.store(at + 3 * apart, f32x4.sub(d1, d3));
}

/** Bᵀ d for m = 4. */
// @ts-ignore: decorator
@inline
export function input4(at: usize, apart: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): void {
  const b = f32x4.splat(2.5);
  v128.store(at, fms(b, d2, f32x4.add(d0, d4)));
  v128.store(at + 5 * apart, fms(b, d3, f32x4.add(d1, d5)));
  const two = f32x4.splat(2);
  const even1 = fms(two, d2, d4);
  const odd1 = fms(two, d1, d3);
  const a1 = f32x4.splat(A);
  v128.store(at + apart, fma(a1, odd1, even1));
  v128.store(at + 2 * apart, fms(a1, odd1, even1));
  const half = f32x4.splat(0.5);
  const even2 = fms(half, d2, d4);
  const odd2 = fms(half, d1, d3);
  const a2 = f32x4.splat(B);
  v128.store(at + 3 * apart, fma(a2, odd2, even2));
  v128.store(at + 4 * apart, fms(a2, odd2, even2));
}

/** Aᵀ m for m = 2. */
// @ts-ignore: decorator
@inline
export function output2(at: usize, apart: usize, m0: v128, m1: v128, m2: v128, m3: v128): void {
  v128.store(at, f32x4.add(m0, f32x4.add(m1, m2)));
  v128.store(at + apart, f32x4.sub(f32x4.sub(m1, m2), m3));
}

/** Aᵀ m for m = 4. */
// @ts-ignore: decorator
@inline
export function output4(at: usize, apart: usize, m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128): void {
  const sum1 = f32x4.add(m1, m2);
  const sum2 = f32x4.add(m3, m4);
  v128.store(at, f32x4.add(f32x4.add(m0, sum1), sum2));
  v128.store(at + 2 * apart, fma(f32x4.splat(2), sum2, f32x4.mul(f32x4.splat(0.5), sum1)));
  const difference1 = f32x4.mul(f32x4.splat(A), f32x4.sub(m1, m2));
  const difference2 = f32x4.mul(f32x4.splat(B), f32x4.sub(m3, m4));
  v128.store(at + apart, f32x4.add(difference1, difference2));
  v128.store(at + 3 * apart, fma(f32x4.splat(0.5), difference1, fma(f32x4.splat(2), difference2, m5)));
}

/** G g, along one axis, for tiles of m × m: three weights, `step` bytes apart, to m + 2 float64 numbers, `apart` bytes apart. */
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
  store<f64>(at + apart, (even1 + odd1) / -1.5);
  store<f64>(at + 2 * apart, (even1 - odd1) / -1.5);
  store<f64>(at + 3 * apart, (even2 + odd2) / 6);
  store<f64>(at + 4 * apart, (even2 - odd2) / 6);
  store<f64>(at + 5 * apart, g2);
}
