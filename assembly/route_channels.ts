/**
 * `y[n, start + j] = base[n, start + j] + (table[j] < 0 ? 0 : x[n, table[j]])` for j < count: concatenation, padding, slices, gathers and
 * scatters of channels. x [n, xc, hw], y [n, yc, hw]; base [base_n, yc, hw] or none; with base_n = 1 it serves every example.
 *
 * A worker has a range of the n · count output channels. Neighbours in y that are neighbours in x too move as one block.
 */
import { RouteChannels } from "./generated/layouts";
import { nth, store_part, whole_bytes } from "./parts";
import { share } from "./simd";

export function route_channels(p: RouteChannels, worker: i32, workers: i32, scratch: usize): void {
  const to = share(p.n * p.count, worker + 1, workers);
  let item = share(p.n * p.count, worker, workers);
  while (item < to) {
    const row = item / p.count;
    const j = item % p.count;
    const length = run_length(p, j, min(p.count, j + to - item));
    const source = load<i32>(p.table + ((<usize>j) << 2));
    const x = source < 0 ? <usize>0 : nth(p.x, (row * p.xc + source) * p.hw);
    const base = p.base == 0 ? <usize>0 : nth(p.base, ((p.base_n == 1 ? 0 : row * p.yc) + p.start + j) * p.hw);
    route(x, base, nth(p.y, (row * p.yc + p.start + j) * p.hw), length * p.hw);
    item += length;
  }
}

/** How many table entries from j on (below `end`) continue a block: each source the one before plus 1, or all without one. */
function run_length(p: RouteChannels, j: i32, end: i32): i32 {
  const source = load<i32>(p.table + ((<usize>j) << 2));
  const step = source < 0 ? 0 : 1;
  let next = j + 1;
  while (next < end && load<i32>(p.table + ((<usize>next) << 2)) == source + step * (next - j)) next++;
  return next - j;
}

/** y = base + x for `count` floats; either pointer may be 0. */
function route(x: usize, base: usize, y: usize, count: i32): void {
  if (x == 0 && base == 0) memory.fill(y, 0, (<usize>count) << 2);
  else if (x == 0) copy(base, y, count);
  else if (base == 0) copy(x, y, count);
  else sum(x, base, y, count);
}

/** A loop and no memory.copy: most blocks are small, and calls into the engine's copy are not. */
function copy(x: usize, y: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, v128.load(x + at));
  store_part(y + whole, v128.load(x + whole), count & 3);
}

function sum(x: usize, base: usize, y: usize, count: i32): void {
  const whole = whole_bytes(count);
  for (let at: usize = 0; at < whole; at += 16) v128.store(y + at, f32x4.add(v128.load(base + at), v128.load(x + at)));
  store_part(y + whole, f32x4.add(v128.load(base + whole), v128.load(x + whole)), count & 3);
}
