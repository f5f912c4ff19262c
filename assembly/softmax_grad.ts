/** `dx[n,c] = y[n,c] · (dy[n,c] − Σ_k dy[n,k] · y[n,k])`. y, dy, dx [n, c]; the sum in float64. */
import { SoftmaxDx } from "./generated/layouts";
import { keep_part, nth, store_part, sum2, whole_bytes, widen } from "./parts";
import { share } from "./simd";

export function softmax_dx(p: SoftmaxDx, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.n, worker + 1, workers);
  for (let row = share(p.n, worker, workers); row < to; row++) {
    const at = row * p.c;
    grad_row(nth(p.y, at), nth(p.dy, at), nth(p.dx, at), p.c);
  }
}

function grad_row(y: usize, dy: usize, dx: usize, count: i32): void {
  const dot = f32x4.splat(<f32>row_dot(y, dy, count));
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(dx + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), dot)));
  store_part(dx + whole, f32x4.mul(v128.load(y + whole), f32x4.sub(v128.load(dy + whole), dot)), count & 3);
}

function row_dot(a: usize, b: usize, count: i32): f64 {
  const whole = whole_bytes(count);
  let sum = f64x2.splat(0);
  for (let at: usize = 0; at < whole; at += 16) sum = f64x2.add(sum, widen(f32x4.mul(v128.load(a + at), v128.load(b + at))));
  return sum2(f64x2.add(sum, widen(keep_part(f32x4.mul(v128.load(a + whole), v128.load(b + whole)), count & 3))));
}
