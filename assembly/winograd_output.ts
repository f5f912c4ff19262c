/**
 * Winograd's output transform, four tiles at a time: Aᵀ along columns, into memory that stays in the first cache; Aᵀ along rows; then neighbouring tiles'
 * pixels are put side by side and go through the epilogue, `y = slope · act( bias + residual + … )`.
 */
import { activate } from "./activate";
import { bytes, entry, nth, store_part } from "./parts";
import { fma } from "./simd";
import { Winograd } from "./winograd";
import { HALF, ROOT_HALF, ROOT_TWO, TWO } from "./winograd_transforms";

/** `rows` rows of tiles from `first` on of one filter; product p of tile k stands at sums + p · t.sums_product + 4 k. */
export function output_rows(t: Winograd, image: i32, filter: i32, first: i32, rows: i32, sums: usize): void {
  const place = entry(t.places, filter);
  const plane = t.oh * t.ow;
  const added = t.residual ? entry(t.shortcut, place) : -1;
  const bias = t.bias ? v128.load32_splat(nth(t.bias, filter)) : f32x4.splat(0);
  const slope = t.slope ? v128.load32_splat(nth(t.slope, place)) : f32x4.splat(1);
  const end = (first + rows) * t.m;
  for (let row = first * t.m; row < end; row += t.m) {
    let y = nth(t.y, (image * t.yc + place) * plane + row * t.ow);
    let residual = added < 0 ? 0 : nth(t.residual, (image * t.rc + added) * plane + row * t.ow);
    const count = min(t.m, t.oh - row);
    let from = sums;
    let cols = t.ow;
    for (let v = 0; v < t.vectors; v++) {
      if (t.m == 4) tiles4(t, from, y, residual, count, cols, bias, slope);
      else tiles2(t, from, y, residual, count, cols, bias, slope);
      from += 16;
      cols -= 4 * t.m;
      y += (<usize>t.m) << 4;
      if (residual) residual += (<usize>t.m) << 4;
    }
    sums += bytes(t.tile_cols);
  }
}

/** Four tiles of 4 × 4: `rows` rows of y from y on, of which `cols` pixels are left. */
function tiles4(t: Winograd, from: usize, y: usize, residual: usize, rows: i32, cols: i32, bias: v128, slope: v128): void {
  const fn = t.fn;
  const line = bytes(t.ow);
  const factors = t.factors;
  const two = v128.load(factors, TWO);
  const half = v128.load(factors, HALF);
  const root_half = v128.load(factors, ROOT_HALF);
  const root_two = v128.load(factors, ROOT_TWO);
  const product = t.sums_product;
  const down = 6 * product;
  const tile = t.tile;
  for (let to = tile; to < tile + 96; to += 16) {
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
    v128.store(to, f32x4.add(f32x4.add(m0, sum1), sum2));
    v128.store(to, fma(two, sum2, f32x4.mul(half, sum1)), 192);
    const odd1 = f32x4.mul(root_half, f32x4.sub(m1, m2));
    const odd2 = f32x4.mul(root_two, f32x4.sub(m3, m4));
    v128.store(to, f32x4.add(odd1, odd2), 96);
    v128.store(to, fma(half, odd1, fma(two, odd2, m5)), 288);
    from += product;
  }
  for (let at = tile, end = tile + 96 * rows; at < end; at += 96) {
    const m1 = v128.load(at, 16);
    const m2 = v128.load(at, 32);
    const m3 = v128.load(at, 48);
    const m4 = v128.load(at, 64);
    const sum1 = f32x4.add(m1, m2);
    const sum2 = f32x4.add(m3, m4);
    const a = f32x4.add(f32x4.add(v128.load(at), sum1), sum2);
    const c = fma(two, sum2, f32x4.mul(half, sum1));
    const odd1 = f32x4.mul(root_half, f32x4.sub(m1, m2));
    const odd2 = f32x4.mul(root_two, f32x4.sub(m3, m4));
    const b = f32x4.add(odd1, odd2);
    const d = fma(half, odd1, fma(two, odd2, v128.load(at, 80)));
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    finish(fn, y, residual, 0, cols, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), bias, slope);
    finish(fn, y, residual, 4, cols, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), bias, slope);
    finish(fn, y, residual, 8, cols, v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5), bias, slope);
    finish(fn, y, residual, 12, cols, v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7), bias, slope);
    y += line;
    if (residual) residual += line;
  }
}

/** Four tiles of 2 × 2. */
function tiles2(t: Winograd, from: usize, y: usize, residual: usize, rows: i32, cols: i32, bias: v128, slope: v128): void {
  const fn = t.fn;
  const line = bytes(t.ow);
  const product = t.sums_product;
  const down = 4 * product;
  const tile = t.tile;
  for (let to = tile; to < tile + 64; to += 16) {
    let at = from + down;
    const m1 = v128.load(at);
    at += down;
    const m2 = v128.load(at);
    v128.store(to, f32x4.add(v128.load(from), f32x4.add(m1, m2)));
    v128.store(to, f32x4.sub(f32x4.sub(m1, m2), v128.load(at + down)), 64);
    from += product;
  }
  for (let at = tile, end = tile + 64 * rows; at < end; at += 64) {
    const m1 = v128.load(at, 16);
    const m2 = v128.load(at, 32);
    const a = f32x4.add(v128.load(at), f32x4.add(m1, m2));
    const b = f32x4.sub(f32x4.sub(m1, m2), v128.load(at, 48));
    finish(fn, y, residual, 0, cols, v128.shuffle<i32>(a, b, 0, 4, 1, 5), bias, slope);
    finish(fn, y, residual, 4, cols, v128.shuffle<i32>(a, b, 2, 6, 3, 7), bias, slope);
    y += line;
    if (residual) residual += line;
  }
}

/** The epilogue of four pixels, `col` pixels behind y; those beyond `cols` are not stored. */
// @ts-ignore: decorator
@inline
function finish(fn: i32, y: usize, residual: usize, col: i32, cols: i32, v: v128, bias: v128, slope: v128): void {
  v = f32x4.add(v, bias);
  if (residual) v = f32x4.add(v, v128.load(residual + 4 * col));
  v = f32x4.mul(slope, activate(fn, v));
  if (cols >= col + 4) v128.store(y + 4 * col, v);
  else if (cols > col) store_part(y + 4 * col, v, cols - col);
}
