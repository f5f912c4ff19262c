/**
 * What a convolution reads: bands of image rows in a form in which every tap of the window is a dense plane, so that vectors of neighbouring
 * output pixels load neighbouring floats.
 *
 * A band is copied with the zeros of its padding around it. Under stride s a channel becomes s × s planes ("phases"), each holding every s-th pixel of
 * every s-th row: the tap d pixels away is then pixel d / s of phase d % s. Where nothing is padded and the stride is 1, the image is read where it is.
 *
 *   planes [channel][phase along h][phase along w][row][col]
 *
 * Planes lie an odd number of cache lines apart: with powers of two, all channels of a pixel would share a few sets of the cache.
 */
import { LINE, SLACK } from "./generated/scratch";
import { bytes, entry } from "./parts";

@unmanaged
export class Planes {
  /** The image. */
  h: i32;
  w: i32;
  /** Source row and column of the first pixel: minus the padding. */
  top: i32;
  left: i32;
  /** Source pixels between neighbours in a plane. */
  step_h: i32;
  step_w: i32;
  phases_h: i32;
  phases_w: i32;
  /** Rows and columns that the taps reach beyond the output pixel's own. */
  halo_h: i32;
  halo_w: i32;
  /** Output rows of a band at most, and output columns. */
  rows: i32;
  cols: i32;
  /** Read the image where it is. */
  direct: bool;
  row_bytes: usize;
  plane_bytes: usize;
  channel_bytes: usize;
}

/** Sets the window's geometry: taps lie 0 … reach source pixels from the first. `rows` output rows in all. */
export function shape_planes(
  t: Planes,
  h: i32,
  w: i32,
  top: i32,
  left: i32,
  step_h: i32,
  step_w: i32,
  reach_h: i32,
  reach_w: i32,
  rows: i32,
  cols: i32,
): void {
  t.h = h;
  t.w = w;
  t.top = top;
  t.left = left;
  t.step_h = step_h;
  t.step_w = step_w;
  t.phases_h = min(step_h, reach_h + 1);
  t.phases_w = min(step_w, reach_w + 1);
  t.halo_h = reach_h / step_h;
  t.halo_w = reach_w / step_w;
  t.cols = cols;
  t.direct = top == 0 && left == 0 && step_h == 1 && step_w == 1 && rows + reach_h <= h && cols + reach_w <= w;
  t.row_bytes = bytes(t.direct ? w : cols + t.halo_w);
}

/**
 * Chooses the band's height: as many of the `rows` output rows as `room` bytes hold the planes of `channels` channels and `row_bytes` more for each row.
 */
export function fit_rows(t: Planes, channels: i32, rows: i32, row_bytes: i32, room: i32): void {
  // a plane is its rows and less than two lines
  const planes = t.direct ? 0 : channels * t.phases_h * t.phases_w;
  const fixed = planes * (t.halo_h * <i32>t.row_bytes + 2 * LINE) + SLACK;
  const fits = (room - fixed) / max(1, planes * <i32>t.row_bytes + row_bytes);
  if (fits < 1) unreachable();
  set_rows(t, min(rows, fits));
}

/** Makes bands of `rows` output rows. */
export function set_rows(t: Planes, rows: i32): void {
  t.rows = rows;
  if (t.direct) t.plane_bytes = <usize>t.h * t.row_bytes;
  else t.plane_bytes = (((<usize>(rows + t.halo_h) * t.row_bytes + LINE - 1) / LINE) | 1) * LINE;
  t.channel_bytes = t.plane_bytes * t.phases_h * t.phases_w;
}

/** Cuts `rows` output rows into bands as equal as can be, none higher than those that fit. */
export function even_rows(t: Planes, rows: i32): void {
  const bands = (rows + t.rows - 1) / t.rows;
  set_rows(t, (rows + bands - 1) / bands);
}

/** Where the tap `dh` rows and `dw` columns of the source from the first one begins. */
export function tap_offset(t: Planes, dh: i32, dw: i32): usize {
  const phase = (dh % t.step_h) * t.phases_w + (dw % t.step_w);
  return <usize>phase * t.plane_bytes + <usize>(dh / t.step_h) * t.row_bytes + bytes(dw / t.step_w);
}

/**
 * Makes the planes of `channels` channels for the band that starts at output row `row`; returns where they are: `into`, or in the image. The channels
 * are the image's first ones, or those in the table `gather` where it is not 0; an image that is read where it is keeps its own order.
 */
export function fill_planes(t: Planes, into: usize, image: usize, channels: i32, row: i32, gather: usize = 0): usize {
  if (t.direct) return image + <usize>row * t.row_bytes;
  const rows = t.rows + t.halo_h;
  const source = bytes(t.h * t.w);
  let plane = into;
  for (let c = 0; c < channels; c++) {
    const from = image + <usize>entry(gather, c) * source;
    for (let i = 0; i < t.phases_h; i++) {
      for (let j = 0; j < t.phases_w; j++) {
        copy_plane(t, plane, from, rows, t.top + row * t.step_h + i, t.left + j);
        plane += t.plane_bytes;
      }
    }
  }
  return into;
}

function copy_plane(t: Planes, to: usize, image: usize, rows: i32, top: i32, left: i32): void {
  const cols = <i32>(t.row_bytes >> 2);
  // columns before the image, inside it, and behind it
  const before = min(cols, max(0, (t.step_w - 1 - left) / t.step_w));
  const inside = max(before, min(cols, (t.w - left + t.step_w - 1) / t.step_w)) - before;
  const behind = cols - before - inside;
  for (let r = 0; r < rows; r++) {
    const row = top + r * t.step_h;
    if (row < 0 || row >= t.h) {
      zero(to, cols);
    } else {
      zero(to, before);
      const from = image + bytes(row * t.w + left + before * t.step_w);
      const at = to + bytes(before);
      if (t.step_w == 1) copy(at, from, inside);
      else if (t.step_w == 2) copy_every_second(at, from, inside);
      else copy_apart(at, from, inside, bytes(t.step_w));
      zero(at + bytes(inside), behind);
    }
    to += t.row_bytes;
  }
}

/** These write whole vectors, up to three floats too many: what follows is written after. */
// @ts-ignore: decorator
@inline
function zero(to: usize, count: i32): void {
  for (const end = to + bytes(count); to < end; to += 16) v128.store(to, f32x4.splat(0));
}

// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, count: i32): void {
  for (const end = to + bytes(count); to < end; to += 16) {
    v128.store(to, v128.load(from));
    from += 16;
  }
}

// @ts-ignore: decorator
@inline
function copy_every_second(to: usize, from: usize, count: i32): void {
  for (const end = to + bytes(count); to < end; to += 16) {
    v128.store(to, v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
    from += 32;
  }
}

// @ts-ignore: decorator
@inline
function copy_apart(to: usize, from: usize, count: i32, step: usize): void {
  for (const end = to + bytes(count); to < end; to += 4) {
    store<u32>(to, load<u32>(from));
    from += step;
  }
}
