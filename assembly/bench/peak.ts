/**
 * The processor's peak of four-wide multiply-adds as this engine reaches it: a loop that touches registers only, with as many independent
 * accumulators as fit beside the factors. A module of its own; no kernel.
 */
import { fma } from "../simd";

/** Multiply-adds of single floats in each turn of the loop: 12 vectors of 4. */
export const MACS_PER_TURN: i32 = 48;

/**
 * One multiply-add of the loop. Without fusion the accumulator is a factor too, or the product would be the same each turn and be hoisted. It then waits for
 * both instructions, so this peak may be a few percent low, and a very good kernel a few percent above it.
 */
// @ts-ignore: decorator
@inline
function turn(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? fma(a, b, c) : fma(c, a, b);
}

/**
 * Runs `turns` turns with the factors a and b at `at` (8 floats). They come from memory because engines compute splats anew in each turn. The sum is
 * returned so that no compiler may leave the loop out.
 */
export function spin(turns: i32, at: usize): f32 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(1);
  let c2 = f32x4.splat(2);
  let c3 = f32x4.splat(3);
  let c4 = f32x4.splat(4);
  let c5 = f32x4.splat(5);
  let c6 = f32x4.splat(6);
  let c7 = f32x4.splat(7);
  let c8 = f32x4.splat(8);
  let c9 = f32x4.splat(9);
  let c10 = f32x4.splat(10);
  let c11 = f32x4.splat(11);
  for (let i = 0; i < turns; i++) {
    c0 = turn(a, b, c0);
    c1 = turn(a, b, c1);
    c2 = turn(a, b, c2);
    c3 = turn(a, b, c3);
    c4 = turn(a, b, c4);
    c5 = turn(a, b, c5);
    c6 = turn(a, b, c6);
    c7 = turn(a, b, c7);
    c8 = turn(a, b, c8);
    c9 = turn(a, b, c9);
    c10 = turn(a, b, c10);
    c11 = turn(a, b, c11);
  }
  const low = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(c4, c5));
  const high = f32x4.add(f32x4.add(f32x4.add(c6, c7), f32x4.add(c8, c9)), f32x4.add(c10, c11));
  return f32x4.extract_lane(f32x4.add(low, high), 0);
}
