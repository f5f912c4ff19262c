/**
 * `y[n,o] = slope[o] · act( bias[o] + residual[n,o] + Σ_i x[n,i] · w[o,i] )`, x [n, cin], w [cout, cin], y and residual [n, cout].
 *
 * Dot products along i: blocks of examples, packed, with two rows of w at a time (dot.ts); for a few examples, eight rows of w with one example. Either way
 * a sum takes its vectors in the same order, and what is left of i after the last whole vector is added one by one.
 *
 * Scratch: the struct below and the packed block.
 */
import { activate } from "./activate";
import { Dot, dot, put_vectors } from "./dot";
import { Linear } from "./generated/layouts";
import { STRUCTS } from "./generated/scratch";
import { bytes, nth, store_part } from "./parts";
import { row_blocks } from "./rows";
import { fma, share, sum4 } from "./simd";

/** Fewer examples than this are not worth packing. */
const FEW: i32 = 4;

export function linear(p: Linear, worker: i32, workers: i32, scratch: usize): void {
  const blocks = p.n < FEW ? p.n : row_blocks(p.n);
  const by_blocks = blocks >= 2 * workers;
  const pairs = (p.cout + 1) >> 1;
  const first_block = by_blocks ? share(blocks, worker, workers) : 0;
  const end_block = by_blocks ? share(blocks, worker + 1, workers) : blocks;
  const from = by_blocks ? 0 : 2 * share(pairs, worker, workers);
  const to = by_blocks ? p.cout : min(p.cout, 2 * share(pairs, worker + 1, workers));
  if (from == to) return;
  for (let block = first_block; block < end_block; block++) {
    const first = share(p.n, block, blocks);
    const end = share(p.n, block + 1, blocks);
    if (p.n < FEW) one_example(p, first, from, to);
    else examples(p, scratch, first, end - first, from, to);
    for (let n = first; n < end; n++) finish(p, n, from, to);
  }
}

/** The sums of whole vectors for outputs from … to − 1 of `count` examples. */
function examples(p: Linear, scratch: usize, first: i32, count: i32, from: i32, to: i32): void {
  const t = changetype<Dot>(scratch);
  const row = bytes(p.cin);
  t.rows = count;
  t.panel = scratch + STRUCTS;
  t.c_row = bytes(p.cout);
  t.add = false;
  let at = t.panel;
  const x = nth(p.x, first * p.cin);
  const whole = p.cin & ~3;
  for (let i = 0; i < whole; i += 4) at = put_vectors(at, bytes(i), nth(x, i), row, count, i32x4.splat(-1));
  t.panel_end = at;
  const y = nth(p.y, first * p.cout);
  for (let o = from; o < to; o += 2) {
    const cols = min(2, to - o);
    dot(t, nth(p.w, o * p.cin), cols == 2 ? row : 0, cols, nth(y, o));
  }
}

/** The same for example `n`. The last eight rows overlap those before. */
function one_example(p: Linear, n: i32, from: i32, to: i32): void {
  const x = nth(p.x, n * p.cin);
  const y = nth(p.y, n * p.cout);
  const last = to - 8;
  if (last < from) for (let o = from; o < to; o++) one_row(p, x, o, nth(y, o));
  else for (let o = from; o < to; o += 8) eight_rows(p, x, min(o, last), nth(y, min(o, last)));
}

function eight_rows(p: Linear, x: usize, o: i32, y: usize): void {
  const row = bytes(p.cin);
  let w = nth(p.w, o * p.cin);
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  let c4 = c0;
  let c5 = c0;
  let c6 = c0;
  let c7 = c0;
  const end = nth(x, p.cin & ~3);
  for (; x < end; x += 16) {
    const v = v128.load(x);
    c0 = fma(v, v128.load(w), c0);
    c1 = fma(v, v128.load(w + row), c1);
    c2 = fma(v, v128.load(w + 2 * row), c2);
    c3 = fma(v, v128.load(w + 3 * row), c3);
    const half = w + 4 * row;
    c4 = fma(v, v128.load(half), c4);
    c5 = fma(v, v128.load(half + row), c5);
    c6 = fma(v, v128.load(half + 2 * row), c6);
    c7 = fma(v, v128.load(half + 3 * row), c7);
    w += 16;
  }
  put(y, c0);
  put(y + 4, c1);
  put(y + 8, c2);
  put(y + 12, c3);
  put(y + 16, c4);
  put(y + 20, c5);
  put(y + 24, c6);
  put(y + 28, c7);
}

function one_row(p: Linear, x: usize, o: i32, y: usize): void {
  let w = nth(p.w, o * p.cin);
  let c = f32x4.splat(0);
  const end = nth(x, p.cin & ~3);
  for (; x < end; x += 16) {
    c = fma(v128.load(x), v128.load(w), c);
    w += 16;
  }
  put(y, c);
}

function put(y: usize, c: v128): void {
  store<f32>(y, sum4(c));
}

/** Adds what is left of the sums of example `n`, and applies the epilogue. */
function finish(p: Linear, n: i32, from: i32, to: i32): void {
  const y = nth(p.y, n * p.cout);
  const whole = p.cin & ~3;
  if (whole < p.cin) {
    const x = nth(p.x, n * p.cin);
    for (let o = from; o < to; o++) {
      let sum = load<f32>(nth(y, o));
      for (let i = whole; i < p.cin; i++) sum += load<f32>(nth(x, i)) * load<f32>(nth(p.w, o * p.cin + i));
      store<f32>(nth(y, o), sum);
    }
  }
  if (p.bias == 0 && p.residual == 0 && p.fn == 0 && p.slope == 0) return;
  const residual = nth(p.residual, n * p.cout);
  for (let o = from; o < to; o += 4) {
    let v = v128.load(nth(y, o));
    if (p.bias) v = f32x4.add(v, v128.load(nth(p.bias, o)));
    if (p.residual) v = f32x4.add(v, v128.load(nth(residual, o)));
    v = activate(p.fn, v);
    if (p.slope) v = f32x4.mul(v128.load(nth(p.slope, o)), v);
    if (o + 4 <= to) v128.store(nth(y, o), v);
    else store_part(nth(y, o), v, to - o);
  }
}
