/**
 * `dw[o,c',p,q] = Σ_{n,i,j} dy[n,o,i,j] · x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw]`
 * x [n, cin, ih, iw], dy [n, cout, oh, ow], dw [cout, cin/groups, kh, kw].
 *
 * Dot products (dot.ts) of dy's rows of pixels with x's, whose planes (planes.ts) are made as for the forward convolution: each column of the product is
 * a tap, a plane read from the tap's offset. The batch goes through in chunks, of several images or of a band of one; the chunks' sums are added up in
 * order. Chunks follow from shapes alone, and each sum is a worker's own, so the number of workers changes no bit.
 *
 * Scratch: the structs below, then two halves: the chunk's planes; the offsets of the taps and the packed dy of one block of filters.
 */
import { STRUCTS } from "./conv2d";
import { Dot, dot, put_vectors, VECTOR_RECORD } from "./dot";
import { Conv2dDw } from "./generated/layouts";
import { keep_part, nth } from "./parts";
import { fill_planes, fit_rows, Planes, PLANES_SLACK, set_rows, shape_planes, tap_offset } from "./planes";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** A worker's part of dw, and the chunk of the batch that is summed. */
@unmanaged
class Chunk {
  /** Blocks of filters and columns (channel by tap). */
  first_block: i32;
  end_block: i32;
  first_col: i32;
  end_col: i32;
  /** Images, and output rows of each. */
  image: i32;
  images: i32;
  row: i32;
  rows: i32;
  /** Bytes between the planes of two images. */
  image_bytes: usize;
}

export function conv2d_dw(p: Conv2dDw, worker: i32, workers: i32, scratch: usize): void {
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const half = (p.scratch_bytes - STRUCTS) / 2;
  const planes = changetype<Planes>(scratch);
  const t = changetype<Dot>(scratch + offsetof<Planes>());
  const chunk = changetype<Chunk>(scratch + offsetof<Planes>() + offsetof<Dot>());
  const into = scratch + STRUCTS;
  const offsets = into + half;

  // rows of dy are read in whole vectors, so rows of x must reach as far
  const vectors = (p.ow + 3) >> 2;
  shape_planes(planes, p.ih, p.iw, -p.pt, -p.pl, p.sh, p.sw, (p.kh - 1) * p.dilation_h, (p.kw - 1) * p.dilation_w, p.oh, vectors << 2);
  fit_rows(planes, channels, p.oh, 1, half);
  t.panel = offsets + ((<usize>window + 3) & ~3) * 4;
  const room = (half - <i32>(t.panel - offsets)) / VECTOR_RECORD / vectors;
  if (room < 1) unreachable();
  if (planes.rows > room) set_rows(planes, room);
  chunk.image_bytes = planes.direct ? (<usize>p.cin * p.ih * p.iw) << 2 : <usize>channels * planes.channel_bytes;
  chunk.images = 1;
  if (planes.rows == p.oh) chunk.images = min(min(p.n, room / p.oh), planes.direct ? p.n : (half - PLANES_SLACK) / <i32>chunk.image_bytes);
  share_outputs(p, chunk, worker, workers);
  if (chunk.first_block == chunk.end_block || chunk.first_col == chunk.end_col) return;
  list_offsets(p, planes, offsets);
  t.c_row = <usize>(channels * window) << 2;
  t.c_apart = 4;

  const most = chunk.images;
  for (let group = 0; group < p.groups; group++) {
    t.add = false;
    for (chunk.image = 0; chunk.image < p.n; chunk.image += most) {
      chunk.images = min(most, p.n - chunk.image);
      for (chunk.row = 0; chunk.row < p.oh; chunk.row += planes.rows) {
        chunk.rows = min(planes.rows, p.oh - chunk.row);
        add_chunk(p, planes, t, chunk, group, into, offsets);
        t.add = true;
      }
    }
  }
}

/** Workers share the columns where there are many, else the blocks of filters. */
function share_outputs(p: Conv2dDw, chunk: Chunk, worker: i32, workers: i32): void {
  const cols = p.cin / p.groups * p.kh * p.kw;
  const pairs = (cols + 1) >> 1;
  const blocks = row_blocks(p.cout / p.groups);
  const by_cols = pairs >= 8 * workers || pairs > blocks;
  chunk.first_col = by_cols ? 2 * share(pairs, worker, workers) : 0;
  chunk.end_col = by_cols ? min(cols, 2 * share(pairs, worker + 1, workers)) : cols;
  chunk.first_block = by_cols ? 0 : share(blocks, worker, workers);
  chunk.end_block = by_cols ? blocks : share(blocks, worker + 1, workers);
}

/** Where each tap begins in a channel's planes. */
function list_offsets(p: Conv2dDw, planes: Planes, at: usize): void {
  for (let i = 0; i < p.kh; i++) {
    for (let j = 0; j < p.kw; j++) {
      store<usize>(at, tap_offset(planes, i * p.dilation_h, j * p.dilation_w));
      at += 4;
    }
  }
}

function add_chunk(p: Conv2dDw, planes: Planes, t: Dot, chunk: Chunk, group: i32, into: usize, offsets: usize): void {
  const filters = p.cout / p.groups;
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const planes_at = fill_chunk(p, planes, chunk, group, into);
  const blocks = row_blocks(filters);
  for (let block = chunk.first_block; block < chunk.end_block; block++) {
    const first = share(filters, block, blocks);
    t.rows = share(filters, block + 1, blocks) - first;
    pack_chunk(p, planes, t, chunk, group * filters + first);
    const dw = nth(p.dw, (group * filters + first) * channels * window);
    for (let col = chunk.first_col; col < chunk.end_col; col += 2) {
      const b = column(planes, offsets, window, col);
      const cols = min(2, chunk.end_col - col);
      if (cols == 2) t.b_apart = column(planes, offsets, window, col + 1) - b;
      dot(t, planes_at + b, cols, nth(dw, col));
    }
  }
}

/** Where column `col` (channel by tap) begins. */
// @ts-ignore: decorator
@inline
function column(planes: Planes, offsets: usize, window: i32, col: i32): usize {
  return <usize>(col / window) * planes.channel_bytes + load<usize>(nth(offsets, col % window));
}

/** Makes the chunk's planes, of the worker's channels only; returns where those of the group's first channel are. */
function fill_chunk(p: Conv2dDw, planes: Planes, chunk: Chunk, group: i32, into: usize): usize {
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const first = chunk.first_col / window;
  const count = (chunk.end_col + window - 1) / window - first;
  const at = <usize>first * planes.channel_bytes;
  let base: usize = 0;
  for (let i = 0; i < chunk.images; i++) {
    const x = nth(p.x, ((chunk.image + i) * p.cin + group * channels + first) * p.ih * p.iw);
    const filled = fill_planes(planes, into + <usize>i * chunk.image_bytes + at, x, count, chunk.row);
    if (i == 0) base = filled - at;
  }
  return base;
}

/** Packs the chunk's dy of t.rows filters from `filter` on; lanes behind a row's end are zero. */
function pack_chunk(p: Conv2dDw, planes: Planes, t: Dot, chunk: Chunk, filter: i32): void {
  const dy_row = <usize>(p.oh * p.ow) << 2;
  const whole = p.ow & ~3;
  const all = i32x4.splat(-1);
  const part = keep_part(all, p.ow & 3);
  let at = t.panel;
  for (let i = 0; i < chunk.images; i++) {
    let dy = nth(p.dy, (((chunk.image + i) * p.cout + filter) * p.oh + chunk.row) * p.ow);
    const image = <usize>i * chunk.image_bytes;
    for (let row = 0; row < chunk.rows; row++) {
      const from = image + <usize>row * planes.row_bytes;
      for (let col = 0; col < whole; col += 4) at = put_vectors(at, nth(from, col), nth(dy, col), dy_row, t.rows, all);
      if (whole < p.ow) at = put_vectors(at, nth(from, whole), nth(dy, whole), dy_row, t.rows, part);
      dy += <usize>p.ow << 2;
    }
  }
  t.panel_end = at;
}
