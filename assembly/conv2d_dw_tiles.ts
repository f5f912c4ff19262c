/**
 * The transforms of conv2d_dw_winograd.ts before its products: `Bᵀ x B` and `A dy Aᵀ` of a row of tiles of four channels, along columns into lines that stay
 * in the first cache, then along rows, where four lines become vectors of four channels.
 */
import { Job } from "./conv2d_dw_winograd";
import { Conv2dDw } from "./generated/layouts";
import { bytes, nth } from "./parts";
import { fma } from "./simd";
import { Winograd } from "./winograd";
import { input_columns } from "./winograd_input";
import { HALF, input4, ROOT_HALF, ROOT_TWO, TWO } from "./winograd_transforms";

/** A row of tiles of four channels of x; product p of tile k goes to `to` + p · job.v_product + k · row. */
export function x_tiles(p: Conv2dDw, t: Winograd, job: Job, image: i32, channel: i32, y: i32, to: usize, row: usize): void {
  const lines = t.lines;
  for (let c = channel; c < channel + 4; c++) {
    if (c < p.cin) input_columns(t, nth(p.x, (image * p.cin + c) * p.ih * p.iw), y - t.top);
    else memory.fill(t.lines, 0, job.lines);
    t.lines += job.lines;
  }
  t.lines = lines;
  const factors = t.factors;
  const apart = job.v_product;
  for (let i = 0; i < 6; i++) {
    let from = lines + <usize>i * t.line;
    let at = to;
    let d0 = f32x4.splat(0);
    let d1 = d0;
    let d2 = d0;
    let d3 = d0;
    // one vector of columns ahead, of which a tile's last two are
    for (let tile = 0; tile <= t.tile_cols; tile++) {
      const a = v128.load(from);
      const b = v128.load(from + job.lines);
      const c = v128.load(from + 2 * job.lines);
      const d = v128.load(from + 3 * job.lines);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      const next0 = v128.shuffle<i32>(ab, cd, 0, 1, 4, 5);
      const next1 = v128.shuffle<i32>(ab, cd, 2, 3, 6, 7);
      if (tile > 0) {
        input4(at, apart, factors, d0, d1, d2, d3, next0, next1);
        at += row;
      }
      d0 = next0;
      d1 = next1;
      d2 = v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5);
      d3 = v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7);
      from += 16;
    }
    to += 6 * apart;
  }
}

/** A row of tiles of four filters of dy; product p of tile k goes to `to` + p · job.z_product + k · row. */
export function dy_tiles(p: Conv2dDw, t: Winograd, job: Job, image: i32, filter: i32, y: i32, to: usize, row: usize): void {
  for (let o = 0; o < 4; o++) {
    const lines = job.dy_lines + <usize>o * job.lines;
    if (filter + o < p.cout) dy_columns(p, t, nth(p.dy, (image * p.cout + filter + o) * p.oh * p.ow), y, lines);
    else memory.fill(lines, 0, job.lines);
  }
  const factors = t.factors;
  const apart = job.z_product;
  for (let i = 0; i < 6; i++) {
    let from = job.dy_lines + <usize>i * t.line;
    let at = to;
    for (let tile = 0; tile < t.tile_cols; tile++) {
      const a = v128.load(from);
      const b = v128.load(from + job.lines);
      const c = v128.load(from + 2 * job.lines);
      const d = v128.load(from + 3 * job.lines);
      const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
      spread4(
        at,
        apart,
        factors,
        v128.shuffle<i32>(ab, cd, 0, 1, 4, 5),
        v128.shuffle<i32>(ab, cd, 2, 3, 6, 7),
        v128.shuffle<i32>(ab2, cd2, 0, 1, 4, 5),
        v128.shuffle<i32>(ab2, cd2, 2, 3, 6, 7),
      );
      at += row;
      from += 16;
    }
    to += 6 * apart;
  }
}

/** A along columns: the four rows of pixels from row y on become six lines. */
function dy_columns(p: Conv2dDw, t: Winograd, plane: usize, y: i32, lines: usize): void {
  const row = bytes(p.ow);
  let y0 = plane + <usize>y * row;
  let y1 = y + 1 < p.oh ? y0 + row : t.zeros;
  let y2 = y + 2 < p.oh ? y0 + 2 * row : t.zeros;
  let y3 = y + 3 < p.oh ? y0 + 3 * row : t.zeros;
  let to = lines;
  for (const end = to + row; to < end; to += 16) {
    spread4(to, t.line, t.factors, v128.load(y0), v128.load(y1), v128.load(y2), v128.load(y3));
    y0 += 16;
    y1 += 16;
    y2 += 16;
    y3 += 16;
  }
  // what overhangs a row is no pixel
  if ((p.ow & 3) == 0) return;
  to = lines + row;
  for (let i = 0; i < 6; i++) {
    v128.store(to, f32x4.splat(0));
    to += t.line;
  }
}

/** A d for tiles of 4 × 4, along one axis; results go to at, at + apart, … */
// @ts-ignore: decorator
@inline
function spread4(at: usize, apart: usize, factors: usize, d0: v128, d1: v128, d2: v128, d3: v128): void {
  const two = v128.load(factors, TWO);
  const half = v128.load(factors, HALF);
  v128.store(at, d0);
  at += apart;
  const even1 = fma(half, d2, d0);
  const odd1 = f32x4.mul(v128.load(factors, ROOT_HALF), fma(half, d3, d1));
  v128.store(at, f32x4.add(even1, odd1));
  at += apart;
  v128.store(at, f32x4.sub(even1, odd1));
  at += apart;
  const even2 = fma(two, d2, d0);
  const odd2 = f32x4.mul(v128.load(factors, ROOT_TWO), fma(two, d3, d1));
  v128.store(at, f32x4.add(even2, odd2));
  at += apart;
  v128.store(at, f32x4.sub(even2, odd2));
  v128.store(at + apart, d3);
}
