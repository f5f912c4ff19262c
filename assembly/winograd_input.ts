/**
 * Winograd's input transform: Bᵀ along columns, over whole rows of pixels as they lie, into a few lines that stay in the first cache; then Bᵀ along rows,
 * where a vector holds the same column of four neighbouring tiles. Rows and columns outside the image are zeros.
 */
import { bytes, nth } from "./parts";
import { Winograd } from "./winograd";
import { input2, input4 } from "./winograd_transforms";

/** Transforms `rows` rows of tiles from `first` on of the plane; product p of tile k for part q of the window goes to v + q · t.row + p · t.v_product + 4 k. */
export function input_rows(t: Winograd, plane: usize, first: i32, rows: i32, v: usize): usize {
  const end = nth(t.lines, 3 * t.parts_w);
  for (let r = 0; r < rows; r++) {
    let to = v + bytes(r * t.tile_cols);
    let y = (first + r) * t.tile_h - t.top;
    for (let i = t.parts_h; i > 0; i--) {
      input_columns(t, plane, y);
      let line = t.lines;
      do {
        if (t.tile_w == 4) rows4(t, line, to);
        else rows2(t, line, to);
        line += 12;
        to += t.row;
      } while (line < end);
      y += 3;
    }
  }
  return v + <usize>(t.parts_h * t.parts_w) * t.row;
}

/** The first half, of the row of tiles whose first pixels are in row y of the plane: tile_h + 2 lines at t.lines. */
export function input_columns(t: Winograd, plane: usize, y: i32): void {
  if (t.tile_h == 4) {
    columns4(
      t,
      line(t, plane, y),
      line(t, plane, y + 1),
      line(t, plane, y + 2),
      line(t, plane, y + 3),
      line(t, plane, y + 4),
      line(t, plane, y + 5),
    );
  } else {
    columns2(t, line(t, plane, y), line(t, plane, y + 1), line(t, plane, y + 2), line(t, plane, y + 3));
  }
  clear_ends(t);
}

/** Where row y of the plane begins. */
function line(t: Winograd, plane: usize, y: i32): usize {
  return y < 0 || y >= t.h ? t.zeros : nth(plane, y * t.w);
}

function columns4(t: Winograd, x0: usize, x1: usize, x2: usize, x3: usize, x4: usize, x5: usize): void {
  const apart = t.line;
  const factors = t.factors;
  let to = nth(t.lines, t.left);
  for (const end = nth(to, t.w); to < end; to += 16) {
    input4(to, apart, factors, v128.load(x0), v128.load(x1), v128.load(x2), v128.load(x3), v128.load(x4), v128.load(x5));
    x0 += 16;
    x1 += 16;
    x2 += 16;
    x3 += 16;
    x4 += 16;
    x5 += 16;
  }
}

function columns2(t: Winograd, x0: usize, x1: usize, x2: usize, x3: usize): void {
  const apart = t.line;
  let to = nth(t.lines, t.left);
  for (const end = nth(to, t.w); to < end; to += 16) {
    input2(to, apart, v128.load(x0), v128.load(x1), v128.load(x2), v128.load(x3));
    x0 += 16;
    x1 += 16;
    x2 += 16;
    x3 += 16;
  }
}

/** Vectors that overhang the image's right edge have written what is no pixel. */
function clear_ends(t: Winograd): void {
  if ((t.w & 3) == 0) return;
  let at = nth(t.lines, t.left + t.w);
  for (let i = 0; i < t.tile_h + 2; i++) {
    v128.store(at, f32x4.splat(0));
    at += t.line;
  }
}

function rows4(t: Winograd, line: usize, v: usize): void {
  const apart = t.v_product;
  const factors = t.factors;
  for (let i = 0; i < t.tile_h + 2; i++) {
    let from = line;
    for (const end = v + ((<usize>t.vectors) << 4); v < end; v += 16) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const d0 = v128.shuffle<i32>(ab, cd, 0, 1, 4, 5);
      const d1 = v128.shuffle<i32>(ab, cd, 2, 3, 6, 7);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      const d2 = v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5);
      const d3 = v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7);
      const d4 = v128.shuffle<i32>(d0, v128.load(from, 64), 1, 2, 3, 4);
      const d5 = v128.shuffle<i32>(d1, v128.load(from, 68), 1, 2, 3, 4);
      input4(v, apart, factors, d0, d1, d2, d3, d4, d5);
      from += 64;
    }
    line += t.line;
    v += 6 * apart - ((<usize>t.vectors) << 4);
  }
}

function rows2(t: Winograd, line: usize, v: usize): void {
  const apart = t.v_product;
  for (let i = 0; i < t.tile_h + 2; i++) {
    let from = line;
    for (const end = v + ((<usize>t.vectors) << 4); v < end; v += 16) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 8);
      const d = v128.load(from, 24);
      const d0 = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
      const d1 = v128.shuffle<i32>(a, b, 1, 3, 5, 7);
      const d2 = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
      const d3 = v128.shuffle<i32>(c, d, 1, 3, 5, 7);
      input2(v, apart, d0, d1, d2, d3);
      from += 32;
    }
    line += t.line;
    v += 4 * apart - ((<usize>t.vectors) << 4);
  }
}
