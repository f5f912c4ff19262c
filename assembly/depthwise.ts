/**
 * Depthwise convolutions (groups read one channel each, with any number of filters per channel) with 3 × 3 windows, one or two pixels apart along both axes:
 * `y[n,o,i,j] = slope[o] · act( bias[o] + Σ x[n, o / m, i·s − pt + p, j·s − pl + q] · w[o, 0, p, q] )`, m = cout / cin.
 *
 * There is too little work in a channel for lists of vectors and packed weights. A band of it is copied with its padding; rows share what zeros they can:
 * those behind one are those before the next. Then each column of vectors is gone down row by row with the weights in registers: a row is loaded once
 * for the three rows of windows that it is in. What each adds is summed up first, so that rows wait for one addition, not for three.
 *
 * Scratch: the struct below, then the plane [row][pitch].
 */
import { clamp, highest, lowest } from "./activate";
import { Conv2d } from "./generated/layouts";
import { SLACK, STRUCTS } from "./generated/scratch";
import { bytes, fill_row, nth, store_lanes } from "./parts";
import { Rows1, Rows2 } from "./rows";
import { fma, share } from "./simd";

/** Bytes of a plane that leave room for y in a first-level cache. */
const ROOM: i32 = 16 * 1024;

@unmanaged
class Band {
  /** Floats from one row to the next. */
  pitch: i32;
  /** Output rows at most. */
  rows: i32;
  plane: usize;
}

export function conv2d_depthwise(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Band>(scratch);
  shape_band(p, t, scratch);
  const bands = (p.oh + t.rows - 1) / t.rows;
  const items = p.n * p.cout * bands;
  const per_channel = p.cout / p.cin;
  const to = share(items, worker + 1, workers);
  for (let item = share(items, worker, workers); item < to; item++) {
    const plane = item / bands;
    const first = (item % bands) * t.rows;
    const rows = min(t.rows, p.oh - first);
    fill_band(p, t, nth(p.x, (plane / per_channel) * p.ih * p.iw), first, rows);
    const y = nth(p.y, (plane * p.oh + first) * p.ow);
    if (p.sw == 2) convolve<Rows2>(p, t, plane % p.cout, rows, y);
    else convolve<Rows1>(p, t, plane % p.cout, rows, y);
  }
}

/** Chooses the bands, and sets what is always zero in the plane. */
function shape_band(p: Conv2d, t: Band, scratch: usize): void {
  const cols = (p.ow - 1) * p.sw + 3;
  // zeros on the right that can be the next row's on the left
  t.pitch = cols - max(0, min(p.pl, cols - p.pl - p.iw));
  t.plane = scratch + STRUCTS;
  const row = <i32>bytes(t.pitch);
  t.rows = max(1, min(p.oh, (min(ROOM, p.scratch_bytes - STRUCTS - 2 * SLACK) / row - 3) / p.sh));
  fill_row(t.plane, (t.rows * p.sh + 3) * t.pitch + (SLACK >> 2), 0);
}

/** Copies the rows of the image x that the windows of `rows` output rows read. Only what may have been written before is set to zero. */
function fill_band(p: Conv2d, t: Band, x: usize, first: i32, rows: i32): void {
  const top = first * p.sh - p.pt;
  const bottom = top + (rows - 1) * p.sh + 3;
  const count = min(p.iw, t.pitch - p.pl);
  const last = bytes(count) - 16;
  let to = nth(t.plane, p.pl);
  let from = nth(x, top * p.iw);
  for (let row = top; row < bottom; row++) {
    if (<u32>row >= <u32>p.ih) {
      fill_row(to, count, 0);
    } else if (count < 4) {
      for (let i = 0; i < count; i++) store<u32>(nth(to, i), load<u32>(nth(from, i)));
    } else {
      for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
      v128.store(to + last, v128.load(from + last));
    }
    to += bytes(t.pitch);
    from += bytes(p.iw);
  }
}

/** The first `rows` rows of the band; S: rows and columns between windows. */
function convolve<S>(p: Conv2d, t: Band, o: i32, rows: i32, y: usize): void {
  const w = nth(p.w, 9 * o);
  const w0 = v128.load32_splat(w);
  const w1 = v128.load32_splat(w, 4);
  const w2 = v128.load32_splat(w, 8);
  const w3 = v128.load32_splat(w, 12);
  const w4 = v128.load32_splat(w, 16);
  const w5 = v128.load32_splat(w, 20);
  const w6 = v128.load32_splat(w, 24);
  const w7 = v128.load32_splat(w, 28);
  const w8 = v128.load32_splat(w, 32);
  const bias = p.bias ? v128.load32_splat(nth(p.bias, o)) : f32x4.splat(0);
  const slope = p.slope ? v128.load32_splat(nth(p.slope, o)) : f32x4.splat(1);
  const low = lowest(p.fn);
  const high = highest(p.fn);
  const lanes = min(4, p.ow);
  const pitch = bytes(t.pitch);
  const y_row = bytes(p.ow);
  for (let v = 0; v < p.ow; v += 4) {
    // the last vector overlaps the one before
    const col = min(v, p.ow - lanes);
    let x = t.plane + bytes(col * offsetof<S>());
    let to = nth(y, col);
    const end = to + <usize>rows * y_row;
    // sums of windows that one row and two rows are in so far
    let one = add3(bias, w0, w1, w2, left<S>(x), middle<S>(x), right<S>(x));
    let two = one;
    if (offsetof<S>() == 1) {
      x += pitch;
      two = f32x4.add(one, mul3(w3, w4, w5, left<S>(x), middle<S>(x), right<S>(x)));
      one = add3(bias, w0, w1, w2, left<S>(x), middle<S>(x), right<S>(x));
    }
    for (; to < end; to += y_row) {
      x += pitch;
      if (offsetof<S>() == 2) {
        two = f32x4.add(one, mul3(w3, w4, w5, left<S>(x), middle<S>(x), right<S>(x)));
        x += pitch;
      }
      const l = left<S>(x);
      const c = middle<S>(x);
      const r = right<S>(x);
      const sum = f32x4.add(two, mul3(w6, w7, w8, l, c, r));
      if (offsetof<S>() == 1) two = f32x4.add(one, mul3(w3, w4, w5, l, c, r));
      one = add3(bias, w0, w1, w2, l, c, r);
      store_lanes(to, f32x4.mul(slope, clamp(sum, low, high)), lanes);
    }
  }
}

// @ts-ignore: decorator
@inline
function mul3(a: v128, b: v128, c: v128, l: v128, m: v128, r: v128): v128 {
  let sum = f32x4.mul(a, l);
  sum = fma(b, m, sum);
  return fma(c, r, sum);
}

// @ts-ignore: decorator
@inline
function add3(to: v128, a: v128, b: v128, c: v128, l: v128, m: v128, r: v128): v128 {
  let sum = fma(a, l, to);
  sum = fma(b, m, sum);
  return fma(c, r, sum);
}

/** What the left, middle and right column of four windows read in a row. */
// @ts-ignore: decorator
@inline
function left<S>(x: usize): v128 {
  if (offsetof<S>() == 1) return v128.load(x);
  return v128.shuffle<i32>(v128.load(x), v128.load(x, 16), 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function middle<S>(x: usize): v128 {
  if (offsetof<S>() == 1) return v128.load(x, 4);
  return v128.shuffle<i32>(v128.load(x), v128.load(x, 16), 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function right<S>(x: usize): v128 {
  if (offsetof<S>() == 1) return v128.load(x, 8);
  return v128.shuffle<i32>(v128.load(x, 8), v128.load(x, 24), 0, 2, 4, 6);
}
