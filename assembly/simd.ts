/** The vector operations that the two builds differ in, and small helpers around them. */

/** a · b + c for four floats: one rounding with relaxed SIMD, two without. This and the next function are where the builds differ. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a · b, rounded as fma is. */
// @ts-ignore: decorator
@inline
export function fms(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** The sum of the four lanes, in a fixed order. */
// @ts-ignore: decorator
@inline
export function sum4(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** First of `count` items that worker `worker` of `workers` computes; the next worker's first is its end. */
// @ts-ignore: decorator
@inline
export function share(count: i32, worker: i32, workers: i32): i32 {
  return <i32>((<i64>count * worker) / workers);
}
