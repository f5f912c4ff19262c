/**
 * The transforms of Winograd's convolution F(m × m, 3 × 3) along one axis, for m = 2 and 4: `y = Aᵀ [ (G g) ⊙ (Bᵀ d) ]`. Here stand Bᵀ, over four tiles at
 * once, and G; Aᵀ, whose results go on in registers, is in winograd_output.ts.
 *
 * Rows of Bᵀ are the polynomials Π (x − q) over all points q but the row's own, rows of G the powers of a point over that product at the point, columns of Aᵀ
 * the powers of a point; for m = 4 G's rows are multiplied and Aᵀ's columns divided by |q|, which saves Aᵀ two multiplications. Points for m = 2: 0, ±1, ∞. For m = 4: 0, ±√½, ±√2, ∞, which round less than the usual ±1, ±2.
 */
import { fma, fms } from "./simd";

/** √½ and √2. */
const A: f32 = 0.70710678118654752;
const B: f32 = 1.4142135623730951;

/** Offsets of the factors that transforms for m = 4 multiply by. They are read from memory, since engines make constants anew wherever they stand. */
export const ROOT_HALF: i32 = 0;
export const ROOT_TWO: i32 = 16;
export const HALF: i32 = 32;
export const TWO: i32 = 48;
export const FACTORS: i32 = 64;

/** Writes the factors, FACTORS bytes of them. */
export function set_factors(at: usize): void {
  v128.store(at, f32x4.splat(A), ROOT_HALF);
  v128.store(at, f32x4.splat(B), ROOT_TWO);
  v128.store(at, f32x4.splat(0.5), HALF);
  v128.store(at, f32x4.splat(2), TWO);
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
  const half = v128.load(factors, HALF);
  const two = v128.load(factors, TWO);
  const root_half = v128.load(factors, ROOT_HALF);
  const root_two = v128.load(factors, ROOT_TWO);
  const even1 = fms(two, d2, d4);
  const even2 = fms(half, d2, d4);
  const odd1 = fms(two, d1, d3);
  const odd2 = fms(half, d1, d3);
  v128.store(at, f32x4.add(even1, fms(half, d2, d0)));
  at += apart;
  v128.store(at, fma(root_half, odd1, even1));
  at += apart;
  v128.store(at, fms(root_half, odd1, even1));
  at += apart;
  v128.store(at, fma(root_two, odd2, even2));
  at += apart;
  v128.store(at, fms(root_two, odd2, even2));
  v128.store(at + apart, fms(half, odd1, fms(two, d3, d5)));
}

/** G g, along one axis, for tiles of m × m: three float64 weights at `from` to m + 2 numbers, `apart` bytes apart. */
export function weights(m: i32, from: usize, at: usize, apart: usize): void {
  const g0 = load<f64>(from);
  const g1 = load<f64>(from, 8);
  const g2 = load<f64>(from, 16);
  store<f64>(at, g0);
  if (m == 2) {
    pair(g0 + g2, g1, 0.5, at, apart);
  } else {
    // |q| times the reciprocal of the product
    pair(g0 + 0.5 * g2, <f64>A * g1, <f64>A * (-1 / 1.5), at, apart);
    pair(g0 + 2 * g2, <f64>B * g1, <f64>B * (1.0 / 6), at + 2 * apart, apart);
  }
  store<f64>(at + (m + 1) * apart, g2);
}

/** Rows of a point q and of −q, from the sums of even and of odd powers. */
function pair(even: f64, odd: f64, scale: f64, at: usize, apart: usize): void {
  store<f64>(at + apart, (even + odd) * scale);
  store<f64>(at + 2 * apart, (even - odd) * scale);
}
