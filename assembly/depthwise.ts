/**
 * Convolutions whose groups read one channel each (depthwise, with any number of filters per channel), with up to two columns between windows:
 * `y[n,o,i,j] = slope[o] · act( bias[o] + Σ x[n, o / m, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, 0, p, q] )`, m = cout / cin.
 *
 * There is too little work in a channel for lists of vectors and packed weights. A band of it is copied with its padding, every second column apart where
 * sw = 2, and is then one long row: each tap is the same row from another place, and sums between the rows of y are computed for nothing. Rows share
 * what zeros they can: those behind one are those before the next. The sums go to y row by row with the epilogue.
 *
 * Scratch: the struct below, the taps' places, the planes [phase along h][phase along w][row][pitch], then the sums.
 */
import { clamp, highest, lowest } from "./activate";
import { Conv2d } from "./generated/layouts";
import { SLACK, STRUCTS } from "./generated/scratch";
import { bytes, fill_row, nth, store_part } from "./parts";
import { fma, share } from "./simd";

/** Vectors of a tile. */
const TILE: i32 = 8;
/** Bytes of planes and sums together that leave room for y in a first-level cache. */
const ROOM: i32 = 24 * 1024;

@unmanaged
class Band {
  /** Floats from one row to the next. */
  pitch: i32;
  /** Output rows. */
  rows: i32;
  /** Bytes of a plane, and of those of all columns of a row. */
  plane: usize;
  phase_h: usize;
  places: usize;
  planes: usize;
  sums: usize;
}

export function conv2d_depthwise(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Band>(scratch);
  shape_band(p, t, scratch);
  const bands = (p.oh + t.rows - 1) / t.rows;
  const items = p.n * p.cout * bands;
  const to = share(items, worker + 1, workers);
  for (let item = share(items, worker, workers); item < to; item++) {
    fill_band(p, t, item, bands);
    sum_taps(p, t, item, bands);
    finish(p, t, item, bands);
  }
}

/** The sums of all taps; up to a tile more is written. */
function sum_taps(p: Conv2d, t: Band, item: i32, bands: i32): void {
  const o = (item / bands) % p.cout;
  const w = nth(p.w, o * p.kh * p.kw);
  const end = nth(w, p.kh * p.kw);
  const bias = p.bias ? v128.load32_splat(nth(p.bias, o)) : f32x4.splat(0);
  const length = bytes((t.rows - 1) * t.pitch + p.ow);
  for (let from: usize = 0; from < length; from += TILE * 16) tile(t.places, w, end, from, t.sums + from, bias);
}

function finish(p: Conv2d, t: Band, item: i32, bands: i32): void {
  const plane = item / bands;
  const first = (item % bands) * t.rows;
  const slope = p.slope ? v128.load32_splat(nth(p.slope, plane % p.cout)) : f32x4.splat(1);
  const at = (plane * p.oh + first) * p.ow;
  const pitch = bytes(t.pitch);
  const width = bytes(p.ow);
  const low = lowest(p.fn);
  const high = highest(p.fn);
  let from = t.sums;
  let to = nth(p.y, at);
  for (const end = to + width * min(t.rows, p.oh - first); to < end; to += width) {
    if (width < 16) {
      store_part(to, f32x4.mul(slope, clamp(v128.load(from), low, high)), p.ow);
    } else {
      // the last vector overlaps the one before
      const last = width - 16;
      for (let i: usize = 0; i < last; i += 16) v128.store(to + i, f32x4.mul(slope, clamp(v128.load(from + i), low, high)));
      v128.store(to + last, f32x4.mul(slope, clamp(v128.load(from + last), low, high)));
    }
    from += pitch;
  }
}

/** Divides scratch memory, lists the taps, and sets what is always zero in the planes. */
function shape_band(p: Conv2d, t: Band, scratch: usize): void {
  const reach_h = (p.kh - 1) * p.dilation_h;
  const reach_w = (p.kw - 1) * p.dilation_w;
  // zeros on the right that can be the next row's on the left
  const right = p.ow + reach_w - p.pl - p.iw;
  const shared = p.sw == 1 ? max(0, min(p.pl, right)) : 0;
  t.pitch = p.ow + reach_w / p.sw - shared;
  t.places = scratch + STRUCTS;
  t.planes = t.places + bytes(p.kh * p.kw);
  const room = min(ROOM, p.scratch_bytes - STRUCTS - <i32>bytes(p.kh * p.kw)) - 3 * SLACK - TILE * 16;
  const phases = p.sh * p.sw;
  const halo = reach_h / p.sh;
  const row = <i32>bytes(t.pitch);
  // a plane is its rows and those behind it that the windows reach, and some floats
  const fits = (room - phases * (halo * row + SLACK)) / ((phases + 1) * row);
  t.rows = max(1, min(p.oh, fits));
  t.plane = <usize>((t.rows + halo) * row + SLACK);
  t.phase_h = t.plane * p.sw;
  t.sums = t.planes + t.plane * phases + SLACK;
  fill_row(t.planes, <i32>(t.sums - t.planes) >> 2, 0);
  let at = t.places;
  for (let i = 0; i < reach_h + 1; i += p.dilation_h) {
    for (let j = 0; j < reach_w + 1; j += p.dilation_w) {
      store<usize>(at, t.planes + <usize>(i % p.sh) * t.phase_h + <usize>(j % p.sw) * t.plane + bytes((i / p.sh) * t.pitch + j / p.sw));
      at += 4;
    }
  }
}

/** Copies the rows of x that the windows of a band read. Only what may have been written before is set to zero. */
function fill_band(p: Conv2d, t: Band, item: i32, bands: i32): void {
  const top = (item % bands) * t.rows * p.sh - p.pt;
  const bottom = top + (t.rows - 1) * p.sh + (p.kh - 1) * p.dilation_h + 1;
  const x = nth(p.x, (item / bands / (p.cout / p.cin)) * p.ih * p.iw);
  // the planes that hold pixel 0 of a row and, where every second column stands apart, pixel 1
  const plane0 = t.planes + (p.pl & (p.sw - 1) ? t.plane : 0) + bytes(p.pl / p.sw);
  const plane1 = t.planes + (p.pl & 1 ? 0 : t.plane) + bytes((p.pl + 1) / p.sw);
  const count0 = max(0, min((p.iw + p.sw - 1) / p.sw, t.pitch - p.pl / p.sw));
  const count1 = max(0, min(p.iw / 2, t.pitch - (p.pl + 1) / 2));
  const pitch = bytes(t.pitch);
  const step = t.phase_h;
  const back = step * p.sh - pitch;
  const width = bytes(p.iw);
  const apart = p.sw == 2;
  let at: usize = 0;
  let phase = 0;
  let from = x + <usize>top * width;
  for (let row = top; row < bottom; row++) {
    if (<u32>row >= <u32>p.ih) {
      fill_row(plane0 + at, count0, 0);
      if (apart) fill_row(plane1 + at, count1, 0);
    } else if (apart) {
      copy_half(plane0 + at, from, count0);
      copy_half(plane1 + at, from + 4, count1);
    } else {
      copy_row(plane0 + at, from, count0);
    }
    from += width;
    at += step;
    if (++phase == p.sh) {
      phase = 0;
      at -= back;
    }
  }
}

/** Exactly `count` floats: the last vector overlaps the one before. */
// @ts-ignore: decorator
@inline
function copy_row(to: usize, from: usize, count: i32): void {
  const last = bytes(count) - 16;
  if (count < 4) {
    for (const end = nth(to, count); to < end; to += 4) {
      store<u32>(to, load<u32>(from));
      from += 4;
    }
  } else {
    for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
    v128.store(to + last, v128.load(from + last));
  }
}

/** Exactly `count` floats, every second one from `from` on. */
// @ts-ignore: decorator
@inline
function copy_half(to: usize, from: usize, count: i32): void {
  const last = bytes(count) - 16;
  if (count < 4) {
    for (const end = nth(to, count); to < end; to += 4) {
      store<u32>(to, load<u32>(from));
      from += 8;
    }
  } else {
    for (let at: usize = 0; at < last; at += 16) v128.store(to + at, every_second(from + 2 * at));
    v128.store(to + last, every_second(from + 2 * last));
  }
}

// @ts-ignore: decorator
@inline
function every_second(from: usize): v128 {
  return v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6);
}

function tile(places: usize, w: usize, end: usize, from: usize, to: usize, bias: v128): void {
  let c0 = bias;
  let c1 = bias;
  let c2 = bias;
  let c3 = bias;
  let c4 = bias;
  let c5 = bias;
  let c6 = bias;
  let c7 = bias;
  for (; w < end; w += 4) {
    const at = load<usize>(places) + from;
    const weight = v128.load32_splat(w);
    c0 = fma(weight, v128.load(at), c0);
    c1 = fma(weight, v128.load(at, 16), c1);
    c2 = fma(weight, v128.load(at, 32), c2);
    c3 = fma(weight, v128.load(at, 48), c3);
    c4 = fma(weight, v128.load(at, 64), c4);
    c5 = fma(weight, v128.load(at, 80), c5);
    c6 = fma(weight, v128.load(at, 96), c6);
    c7 = fma(weight, v128.load(at, 112), c7);
    places += 4;
  }
  v128.store(to, c0);
  v128.store(to, c1, 16);
  v128.store(to, c2, 32);
  v128.store(to, c3, 48);
  v128.store(to, c4, 64);
  v128.store(to, c5, 80);
  v128.store(to, c6, 96);
  v128.store(to, c7, 112);
}
