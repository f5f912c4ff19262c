/**
 * `y[n,c,i] = slope[c] · f(x[n,c,i])`, without the factor where there is no slope. x, y [n, c, hw], slope [c]; f by `fn` (see activate.ts).
 *
 * Without slope, x is one long row. With slope, each plane has its own; planes of a single pixel (hw = 1) would be poor vectors, so there
 * the vectors run along channels, slopes and all. One vector per turn is enough: these loops wait for memory.
 */
import { activate } from "./activate";
import { Activation } from "./generated/layouts";
import { nth, row_share, store_part, whole_bytes } from "./parts";
import { share } from "./simd";

export function activation(p: Activation, worker: i32, workers: i32, scratch: usize): void {
  if (p.slope == 0) long_row(p, worker, workers);
  else if (p.hw == 1) rows(p, worker, workers);
  else planes(p, worker, workers);
}

function long_row(p: Activation, worker: i32, workers: i32): void {
  const size = p.n * p.c * p.hw;
  const from = row_share(size, worker, workers);
  const to = row_share(size, worker + 1, workers);
  activate_row(p.fn, nth(p.x, from), nth(p.y, from), to - from);
}

function activate_row(fn: i32, x: usize, y: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, activate(fn, v128.load(x + at)));
  store_part(y + whole, activate(fn, v128.load(x + whole)), count & 3);
}

function planes(p: Activation, worker: i32, workers: i32): void {
  const to = share(p.n * p.c, worker + 1, workers);
  for (let plane = share(p.n * p.c, worker, workers); plane < to; plane++) {
    const at = plane * p.hw;
    rotate_plane(p.fn, nth(p.x, at), nth(p.y, at), p.hw, v128.load32_splat(nth(p.slope, plane % p.c)));
  }
}

/** y = slope · f(x) for `count` floats. */
export function rotate_plane(fn: i32, x: usize, y: usize, count: i32, slope: v128): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.mul(slope, activate(fn, v128.load(x + at))));
  store_part(y + whole, f32x4.mul(slope, activate(fn, v128.load(x + whole))), count & 3);
}

/** hw = 1: a row of c channels for each example. */
function rows(p: Activation, worker: i32, workers: i32): void {
  const to = share(p.n, worker + 1, workers);
  for (let row = share(p.n, worker, workers); row < to; row++) {
    const at = row * p.c;
    rotate_row(p.fn, nth(p.x, at), nth(p.y, at), p.c, p.slope);
  }
}

function rotate_row(fn: i32, x: usize, y: usize, count: i32, slope: usize): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.mul(v128.load(slope + at), activate(fn, v128.load(x + at))));
  store_part(y + whole, f32x4.mul(v128.load(slope + whole), activate(fn, v128.load(x + whole))), count & 3);
}
