/**
 * `y[n,i] = a[n,i] + b[n,i]` and `y[n,i] = a[n,i] · b[n,i]`; b [1, size] serves every example where `stride` is 0. Sums and products of equal
 * batches are one long row.
 */
import { Add, Mul } from "./generated/layouts";
import { nth, row_share, store_part, whole_bytes } from "./parts";

const ADD: i32 = 0;
const MUL: i32 = 1;

export function add(p: Add, worker: i32, workers: i32, scratch: usize): void {
  binary(ADD, p.a, p.b, p.y, p.n, p.size, p.stride, worker, workers);
}

export function mul(p: Mul, worker: i32, workers: i32, scratch: usize): void {
  binary(MUL, p.a, p.b, p.y, p.n, p.size, p.stride, worker, workers);
}

// @ts-ignore: decorator
@inline
function combine(kind: i32, a: v128, b: v128): v128 {
  return kind == ADD ? f32x4.add(a, b) : f32x4.mul(a, b);
}

function binary(kind: i32, a: usize, b: usize, y: usize, n: i32, size: i32, stride: i32, worker: i32, workers: i32): void {
  const rows = stride == 0 ? n : 1;
  const length = stride == 0 ? size : n * size;
  const from = row_share(length, worker, workers);
  const count = row_share(length, worker + 1, workers) - from;
  for (let row = 0; row < rows; row++) {
    const at = row * size + from;
    binary_row(kind, nth(a, at), nth(b, from), nth(y, at), count);
  }
}

function binary_row(kind: i32, a: usize, b: usize, y: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, combine(kind, v128.load(a + at), v128.load(b + at)));
  store_part(y + whole, combine(kind, v128.load(a + whole), v128.load(b + whole)), count & 3);
}
