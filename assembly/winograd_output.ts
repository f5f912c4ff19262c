/**
 * Winograd's output transform, four tiles at a time: Aᵀ along columns, Aᵀ along rows, then neighbouring tiles' pixels are put side by side and go through the
 * epilogue, `y = slope · act( bias + residual + … )`.
 */
import { activate } from "./activate";
import { bytes, entry, nth, store_part } from "./parts";
import { Winograd } from "./winograd";
import { output2, output4 } from "./winograd_transforms";

/** `rows` rows of tiles from `first` on of one filter; product p of tile k stands at sums + p · t.sums_product + 4 k. */
export function output_rows(t: Winograd, image: i32, filter: i32, first: i32, rows: i32, sums: usize): void {
  const place = entry(t.places, filter);
  const plane = t.oh * t.ow;
  const added = t.residual ? entry(t.shortcut, place) : -1;
  const bias = t.bias ? v128.load32_splat(nth(t.bias, filter)) : f32x4.splat(0);
  const slope = t.slope ? v128.load32_splat(nth(t.slope, place)) : f32x4.splat(1);
  const end = (first + rows) * t.m;
  for (let row = first * t.m; row < end; row += t.m) {
    const y = nth(t.y, (image * t.yc + place) * plane + row * t.ow);
    const residual = added < 0 ? 0 : nth(t.residual, (image * t.rc + added) * plane + row * t.ow);
    const count = min(t.m, t.oh - row);
    let from = sums;
    for (let col = 0; col < t.ow; col += 4 * t.m) {
      if (t.m == 4) tiles4(t, from);
      else tiles2(t, from);
      finish(t, bytes(col), min(4 * t.m, t.ow - col), count, y, residual, bias, slope);
      from += 16;
    }
    sums += bytes(t.tile_cols);
  }
}

/** Transforms four tiles back: their pixels, row by row, stand at t.tile then. */
function tiles4(t: Winograd, from: usize): void {
  const p = t.sums_product;
  const columns = t.tile + 256;
  for (let at = columns; at < columns + 96; at += 16) {
    output4(
      at,
      96,
      v128.load(from),
      v128.load(from + 6 * p),
      v128.load(from + 12 * p),
      v128.load(from + 18 * p),
      v128.load(from + 24 * p),
      v128.load(from + 30 * p),
    );
    from += p;
  }
  for (let to = t.tile; to < columns; to += 64) {
    const at = columns + ((to - t.tile) >> 1) * 3;
    output4(to, 16, v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48), v128.load(at, 64), v128.load(at, 80));
    const a = v128.load(to);
    const b = v128.load(to, 16);
    const c = v128.load(to, 32);
    const d = v128.load(to, 48);
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<i32>(ab, cd, 0, 1, 4, 5));
    v128.store(to, v128.shuffle<i32>(ab, cd, 2, 3, 6, 7), 16);
    v128.store(to, v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5), 32);
    v128.store(to, v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7), 48);
  }
}

function tiles2(t: Winograd, from: usize): void {
  const p = t.sums_product;
  const columns = t.tile + 128;
  for (let at = columns; at < columns + 64; at += 16) {
    output2(at, 64, v128.load(from), v128.load(from + 4 * p), v128.load(from + 8 * p), v128.load(from + 12 * p));
    from += p;
  }
  for (let row: usize = 0; row < 2; row++) {
    const at = columns + row * 64;
    const to = t.tile + row * 64;
    output2(to, 16, v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48));
    const a = v128.load(to);
    const b = v128.load(to, 16);
    v128.store(to, v128.shuffle<i32>(a, b, 0, 4, 1, 5));
    v128.store(to, v128.shuffle<i32>(a, b, 2, 6, 3, 7), 16);
  }
}

/** The epilogue and the stores of `rows` rows of `cols` pixels, from t.tile to `at` bytes behind y. */
function finish(t: Winograd, at: usize, cols: i32, rows: i32, y: usize, residual: usize, bias: v128, slope: v128): void {
  const fn = t.fn;
  const row = bytes(t.ow);
  y += at;
  if (residual) residual += at;
  let from = t.tile;
  for (let r = 0; r < rows; r++) {
    let tile = from;
    const end = nth(y, cols);
    let added = residual;
    for (let to = y; to < end; to += 16) {
      let v = f32x4.add(v128.load(tile), bias);
      if (added) {
        v = f32x4.add(v, v128.load(added));
        added += 16;
      }
      v = f32x4.mul(slope, activate(fn, v));
      if (to + 16 <= end) v128.store(to, v);
      else store_part(to, v, cols & 3);
      tile += 16;
    }
    from += 64;
    y += row;
    if (residual) residual += row;
  }
}
