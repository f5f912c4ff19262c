/**
 * Rows rarely end on a vector's border. Loads may run up to 64 bytes past a tensor's end (every allocation is padded), stores never: the last
 * one to three floats of a row are computed as a full vector, whose spare lanes are masked out of sums and not stored.
 */

/** Stores the first `count` (0 … 3) lanes of v. */
// @ts-ignore: decorator
@inline
export function store_part(at: usize, v: v128, count: i32): void {
  if (count & 2) {
    v128.store64_lane(at, v, 0);
    if (count & 1) v128.store32_lane(at, v, 2, 8);
  } else if (count & 1) {
    v128.store32_lane(at, v, 0);
  }
}

/** All bits set in the first `count` lanes. */
// @ts-ignore: decorator
@inline
export function part_mask(count: i32): v128 {
  return i32x4.gt(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/** The first `count` lanes of v, zeros after them (whatever stood there, NaN included). */
// @ts-ignore: decorator
@inline
export function keep_part(v: v128, count: i32): v128 {
  return v128.and(v, part_mask(count));
}

/** The four floats of v as two float64 sums (lanes 0 + 2 and 1 + 3): how partial sums leave float32 before their error grows. */
// @ts-ignore: decorator
@inline
export function widen(v: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3)));
}

/** The sum of both lanes. */
// @ts-ignore: decorator
@inline
export function sum2(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}
