/** The exponential function of four floats, and the logarithm of one float64. No tables: modules over a shared memory keep no statics. */
import { fma } from "./simd";

/**
 * eˣ to some 1.3 units in the last place (a test holds softmax to 3): x = n · ln 2 + r with |r| ≤ ln 2 / 2, eʳ by its Taylor polynomial of degree 7
 * (whose remainder is below 6e-9), and 2ⁿ as two factors, so that results may be subnormal or infinite. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exp4(v: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(v, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts; the first has so few digits that its product with n is exact, fused or not
  const r = fma(n, f32x4.splat(2.1219444e-4), f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))));
  let e = f32x4.splat(1.0 / 5040);
  e = fma(e, r, f32x4.splat(1.0 / 720));
  e = fma(e, r, f32x4.splat(1.0 / 120));
  e = fma(e, r, f32x4.splat(1.0 / 24));
  e = fma(e, r, f32x4.splat(1.0 / 6));
  e = fma(e, r, f32x4.splat(0.5));
  e = fma(e, r, f32x4.splat(1));
  e = fma(e, r, f32x4.splat(1));
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  return f32x4.mul(f32x4.mul(e, power_of_two(half)), power_of_two(i32x4.sub(exponent, half)));
}

/** 2ⁿ for −126 ≤ n ≤ 127, by its bits. */
// @ts-ignore: decorator
@inline
function power_of_two(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/**
 * ln x for a normal positive x, to float64 rounding: x = m · 2ᵉ with m in [√½, √2), and with s = (m − 1) / (m + 1), |s| ≤ 0.172,
 * ln m = 2 · (s + s³/3 + s⁵/5 + …) to s¹⁹ (the next term is below 1e-17 of the sum). NaN and infinities return as they are.
 */
export function log(x: f64): f64 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<u64>(x);
  // √½ and what lies above it in its binade count to the next exponent
  const e = <i32>((bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd)) >> 52) - 1023;
  const m = reinterpret<f64>(bits - ((<u64>e) << 52));
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series: f64 = 0;
  for (let k = 19; k >= 1; k -= 2) series = series * z + 1 / <f64>k;
  return <f64>e * 0.6931471805599453 + 2 * s * series;
}
