/**
 * Winograd's output transform, four tiles at a time: Aᵀ along columns, into memory that stays in the first cache; Aᵀ along rows; then neighbouring tiles'
 * pixels are put side by side and go through the epilogue, `y = slope · act( bias + residual + … )`.
 */
import { lowest } from "./activate";
import { rotate_plane } from "./activation";
import { RELU6 } from "./generated/activations";
import { bytes, entry, nth } from "./parts";
import { fma } from "./simd";
import { Winograd } from "./winograd";
import { HALF, ROOT_HALF, ROOT_TWO, TWO } from "./winograd_transforms";

/** `rows` rows of tiles from `first` on of one filter; product p of tile k stands at sums + p · t.sums_product + 4 k. */
export function output_rows(t: Winograd, image: i32, filter: i32, first: i32, rows: i32, sums: usize): void {
  const place = entry(t.places, filter);
  const plane = t.oh * t.ow;
  const added = t.residual ? entry(t.shortcut, place) : -1;
  const bias = t.bias ? v128.load32_splat(nth(t.bias, filter)) : f32x4.splat(0);
  // most layers have an epilogue of one comparison; the others get theirs once more over all rows
  const simple = !t.slope && t.fn != RELU6;
  const low = lowest(simple ? t.fn : 0);
  const top = first * t.tile_h;
  const end = min(t.oh, top + rows * t.tile_h);
  const y = nth(t.y, (image * t.yc + place) * plane);
  for (let row = top; row < end; row += t.tile_h) {
    const residual = added < 0 ? 0 : nth(t.residual, (image * t.rc + added) * plane + row * t.ow);
    tiles(t, sums, nth(y, row * t.ow), residual, min(t.tile_h, end - row), bias, low);
    sums += bytes(t.tile_cols);
  }
  if (simple) return;
  const slope = t.slope ? v128.load32_splat(nth(t.slope, place)) : f32x4.splat(1);
  const written = nth(y, top * t.ow);
  rotate_plane(t.fn, written, written, (end - top) * t.ow, slope);
}

/** A row of tiles: `rows` rows of y from y on. */
function tiles(t: Winograd, from: usize, y: usize, residual: usize, rows: i32, bias: v128, low: v128): void {
  const line = bytes(t.ow);
  const width = bytes(t.tile_w) << 2;
  const added = residual != 0;
  for (let left = line; <isize>left > 0; left -= width) {
    if (t.tile_h == 4) columns4(t, from);
    else columns2(t, from);
    // tiles that overhang the right edge are not stored whole
    const whole = left >= width;
    const down = whole ? line : LINE;
    let to = whole ? y : t.tile + SIZE;
    let add = residual;
    for (let at = t.tile, end = at + rows * ROW; at < end; at += ROW) {
      if (t.tile_w == 4) {
        if (added) rows4<Added>(t.factors, at, to, add, bias, low);
        else rows4<Bare>(t.factors, at, to, add, bias, low);
      } else {
        if (added) rows2<Added>(at, to, add, bias, low);
        else rows2<Bare>(at, to, add, bias, low);
      }
      to += down;
      add += line;
    }
    if (!whole) {
      to = y;
      for (let at = t.tile + SIZE, end = at + rows * LINE; at < end; at += LINE) {
        memory.copy(to, at, left);
        to += line;
      }
    }
    from += 16;
    y += width;
    residual += width;
  }
}

/** In t.tile: bytes of a row of four tiles on their way, of all rows, and then of a row of their pixels. */
const ROW: usize = 96;
const SIZE: usize = 4 * ROW;
const LINE: usize = 64;

/** Is there a residual? */
type Added = u8;
type Bare = u16;

/** The epilogue of four pixels. */
// @ts-ignore: decorator
@inline
function finish<E>(v: v128, add: usize, at: i32, bias: v128, low: v128): v128 {
  v = f32x4.add(v, bias);
  if (sizeof<E>() == sizeof<Added>()) v = f32x4.add(v, v128.load(add + at));
  return f32x4.pmax(v, low);
}

/** Aᵀ along the columns of four tiles. */
// @ts-ignore: decorator
@inline
function columns4(t: Winograd, from: usize): void {
  const factors = t.factors;
  const root_half = v128.load(factors, ROOT_HALF);
  const root_two = v128.load(factors, ROOT_TWO);
  const half = v128.load(factors, HALF);
  const two = v128.load(factors, TWO);
  const product = t.sums_product;
  const down = <usize>(t.tile_w + 2) * product;
  for (let to = t.tile, end = to + ((<usize>t.tile_w + 2) << 4); to < end; to += 16) {
    let at = from;
    const m0 = v128.load(at);
    at += down;
    const m1 = v128.load(at);
    at += down;
    const m2 = v128.load(at);
    at += down;
    const m3 = v128.load(at);
    at += down;
    const m4 = v128.load(at);
    const m5 = v128.load(at + down);
    const sum1 = f32x4.add(m1, m2);
    const sum2 = f32x4.add(m3, m4);
    const odd1 = f32x4.sub(m1, m2);
    const odd2 = f32x4.sub(m3, m4);
    v128.store(to, fma(root_two, sum1, fma(root_half, sum2, m0)));
    v128.store(to, f32x4.add(odd1, odd2), ROW);
    v128.store(to, fma(root_half, sum1, f32x4.mul(root_two, sum2)), 2 * ROW);
    v128.store(to, fma(half, odd1, fma(two, odd2, m5)), 3 * ROW);
    from += product;
  }
}

// @ts-ignore: decorator
@inline
function columns2(t: Winograd, from: usize): void {
  const product = t.sums_product;
  const down = <usize>(t.tile_w + 2) * product;
  for (let to = t.tile, end = to + ((<usize>t.tile_w + 2) << 4); to < end; to += 16) {
    let at = from + down;
    const m1 = v128.load(at);
    at += down;
    const m2 = v128.load(at);
    v128.store(to, f32x4.add(v128.load(from), f32x4.add(m1, m2)));
    v128.store(to, f32x4.sub(f32x4.sub(m1, m2), v128.load(at + down)), ROW);
    from += product;
  }
}

/** Aᵀ along a row of four tiles; their pixels are stored. */
// @ts-ignore: decorator
@inline
function rows4<E>(factors: usize, at: usize, to: usize, add: usize, bias: v128, low: v128): void {
  const root_half = v128.load(factors, ROOT_HALF);
  const root_two = v128.load(factors, ROOT_TWO);
  const m1 = v128.load(at, 16);
  const m2 = v128.load(at, 32);
  const m3 = v128.load(at, 48);
  const m4 = v128.load(at, 64);
  const sum1 = f32x4.add(m1, m2);
  const sum2 = f32x4.add(m3, m4);
  const odd1 = f32x4.sub(m1, m2);
  const odd2 = f32x4.sub(m3, m4);
  const a = fma(root_two, sum1, fma(root_half, sum2, v128.load(at)));
  const b = f32x4.add(odd1, odd2);
  const c = fma(root_half, sum1, f32x4.mul(root_two, sum2));
  const d = fma(v128.load(factors, HALF), odd1, fma(v128.load(factors, TWO), odd2, v128.load(at, 80)));
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, finish<E>(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), add, 0, bias, low));
  v128.store(to, finish<E>(v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), add, 16, bias, low), 16);
  v128.store(to, finish<E>(v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5), add, 32, bias, low), 32);
  v128.store(to, finish<E>(v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7), add, 48, bias, low), 48);
}

// @ts-ignore: decorator
@inline
function rows2<E>(at: usize, to: usize, add: usize, bias: v128, low: v128): void {
  const m1 = v128.load(at, 16);
  const m2 = v128.load(at, 32);
  const a = f32x4.add(v128.load(at), f32x4.add(m1, m2));
  const b = f32x4.sub(f32x4.sub(m1, m2), v128.load(at, 48));
  v128.store(to, finish<E>(v128.shuffle<i32>(a, b, 0, 4, 1, 5), add, 0, bias, low));
  v128.store(to, finish<E>(v128.shuffle<i32>(a, b, 2, 6, 3, 7), add, 16, bias, low), 16);
}
