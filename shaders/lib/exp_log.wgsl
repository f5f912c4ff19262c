// exp and log that are the same, and as exact, on every GPU. WGSL's own may be off by 3 + 2·|x| units in the last place, log near 1 by more than a small loss,
// and what they make of NaN is the driver's choice: a softmax with a NaN in it should be NaN.
#include "lib/nan.wgsl"

// eˣ to some 1.3 units in the last place: x = n · ln 2 + r with |r| ≤ ln 2 / 2, eʳ by its Taylor polynomial of degree 7 (whose remainder is below 6e-9), and
// 2ⁿ as two factors, so that results may be infinite or as small as the GPU has them.
fn exponential(v: f32) -> f32 {
  let x = clamp(v, -104.0, 89.0);
  let n = round(x * 1.44269504);
  // ln 2 in two parts; the first has so few digits that its product with n is exact
  let r = (x - n * 0.693359375) + n * 2.1219444e-4;
  var e = 1.0 / 5040.0;
  e = e * r + 1.0 / 720.0;
  e = e * r + 1.0 / 120.0;
  e = e * r + 1.0 / 24.0;
  e = e * r + 1.0 / 6.0;
  e = e * r + 0.5;
  e = e * r + 1.0;
  e = e * r + 1.0;
  let half = i32(n) >> 1u;
  return select((e * power_of_two(half)) * power_of_two(i32(n) - half), v, is_nan(v));
}

// 2ⁿ for −126 ≤ n ≤ 127, by its bits
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>((n + 127) << 23u);
}

// ln x of x ≥ 1, to some 2 units in the last place: x = m · 2ᵉ with m in [√½, √2), and with s = (m − 1) / (m + 1), |s| ≤ 0.172,
// ln m = 2 · (s + s³/3 + s⁵/5 + …) to s⁹. Infinities and NaN return as they are.
fn logarithm(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  // √½ and what lies above it in its binade count to the next exponent
  let e = i32((bits + (0x3f800000u - 0x3f3504f3u)) >> 23u) - 127;
  let m = bitcast<f32>(bits - (u32(e) << 23u));
  let s = (m - 1.0) / (m + 1.0);
  let z = s * s;
  let series = z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
  let result = f32(e) * 0.693359375 + (2.0 * (s + s * series) - f32(e) * 2.1219444e-4);
  return select(result, x, bits >= 0x7f800000u);
}
