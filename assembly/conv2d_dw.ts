/**
 * `dw[o,c',p,q] = Σ_{n,i,j} dy[n,o,i,j] · x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw]`
 * x [n, cin, ih, iw], dy [n, cout, oh, ow], dw [cout, cin/groups, kh, kw].
 *
 * Dot products (dot.ts) of dy's rows of pixels with x's, whose planes (planes.ts) are made as for the forward convolution: each column of the product is
 * a tap, a plane read from the tap's offset. The batch goes through in chunks, of several images or of a band of one, and the chunks' sums are added up in
 * order. Chunks follow from shapes alone, and each sum is one worker's own, so the number of workers changes no bit.
 *
 * Scratch: the structs below, then two halves: the chunk's planes, of as many channels as fit; the taps' offsets and the packed dy of one block of filters.
 */
import { Dot, dot, put_vectors, VECTOR_RECORD } from "./dot";
import { Conv2dDw } from "./generated/layouts";
import { SLACK, STRUCTS } from "./generated/scratch";
import { bytes, keep_part, nth } from "./parts";
import { fill_planes, fit_rows, Planes, set_rows, shape_planes, tap_offset } from "./planes";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** Vectors of a chunk that are worth the handling of its sums, if there are so many. */
const VECTORS: i32 = 192;

/** A worker's part of dw, and the chunk of the batch that is summed. */
@unmanaged
class Chunk {
  /** Blocks of filters, and columns (channel by tap). */
  first_block: i32;
  end_block: i32;
  first_col: i32;
  end_col: i32;
  /** Images, and output rows of each. */
  image: i32;
  images: i32;
  row: i32;
  rows: i32;
  /** Channels whose planes stand in scratch together, and the first of them. */
  channels: i32;
  channel: i32;
  /** Bytes between the planes of two images. */
  image_bytes: usize;
  /** Where the planes are made, and where the taps' offsets stand. */
  into: usize;
  offsets: usize;
}

export function conv2d_dw(p: Conv2dDw, worker: i32, workers: i32, scratch: usize): void {
  const planes = changetype<Planes>(scratch);
  const t = changetype<Dot>(scratch + offsetof<Planes>());
  const chunk = changetype<Chunk>(scratch + offsetof<Planes>() + offsetof<Dot>());
  const half = (p.scratch_bytes - STRUCTS) / 2;
  const window = p.kh * p.kw;
  chunk.into = scratch + STRUCTS;
  chunk.offsets = chunk.into + half;
  t.panel = nth(chunk.offsets, (window + 3) & ~3);
  t.c_row = bytes((p.cin / p.groups) * window);
  choose_chunks(p, planes, chunk, half, half - <i32>(t.panel - chunk.offsets));
  share_outputs(p, chunk, worker, workers);
  if (chunk.first_block == chunk.end_block || chunk.first_col == chunk.end_col) return;
  list_offsets(p, planes, chunk.offsets);

  const images = chunk.images;
  for (let group = 0; group < p.groups; group++) {
    t.add = false;
    for (chunk.image = 0; chunk.image < p.n; chunk.image += images) {
      chunk.images = min(images, p.n - chunk.image);
      for (chunk.row = 0; chunk.row < p.oh; chunk.row += planes.rows) {
        chunk.rows = min(planes.rows, p.oh - chunk.row);
        add_chunk(p, planes, t, chunk, group);
        t.add = true;
      }
    }
  }
}

/** Decides what a chunk is, with `room` bytes for planes and `panel_room` bytes for packed dy. */
function choose_chunks(p: Conv2dDw, planes: Planes, chunk: Chunk, room: i32, panel_room: i32): void {
  const channels = p.cin / p.groups;
  // rows of dy are read in whole vectors, so rows of x must reach as far
  const vectors = (p.ow + 3) >> 2;
  shape_planes(planes, p.ih, p.iw, -p.pt, -p.pl, p.sh, p.sw, (p.kh - 1) * p.dilation_h, (p.kw - 1) * p.dilation_w, p.oh, vectors << 2);
  fit_rows(planes, 1, p.oh, 0, room);
  const most = panel_room / VECTOR_RECORD / vectors;
  if (most < 1) unreachable();
  if (planes.rows > most) set_rows(planes, most);
  chunk.images = 1;
  chunk.channels = channels;
  if (planes.rows == p.oh) {
    const image = p.oh * vectors;
    chunk.images = min(min(p.n, most / p.oh), (VECTORS + image - 1) / image);
  }
  if (planes.direct) {
    chunk.image_bytes = <usize>p.cin * planes.channel_bytes;
    return;
  }
  chunk.images = min(chunk.images, (room - SLACK) / <i32>planes.channel_bytes);
  chunk.channels = min(channels, (room - SLACK) / (chunk.images * <i32>planes.channel_bytes));
  chunk.image_bytes = <usize>chunk.channels * planes.channel_bytes;
}

/** Workers share the columns where there are many, else the blocks of filters. */
function share_outputs(p: Conv2dDw, chunk: Chunk, worker: i32, workers: i32): void {
  const cols = (p.cin / p.groups) * p.kh * p.kw;
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

/** Adds the chunk's products to the worker's part of the group's dw, as many channels at a time as have room for their planes. */
function add_chunk(p: Conv2dDw, planes: Planes, t: Dot, chunk: Chunk, group: i32): void {
  const filters = p.cout / p.groups;
  const cols = (p.cin / p.groups) * p.kh * p.kw;
  const window = p.kh * p.kw;
  const blocks = row_blocks(filters);
  const end = (chunk.end_col + window - 1) / window;
  for (chunk.channel = chunk.first_col / window; chunk.channel < end; chunk.channel += chunk.channels) {
    const count = min(chunk.channels, end - chunk.channel);
    const b = fill_chunk(p, planes, chunk, group, count);
    for (let block = chunk.first_block; block < chunk.end_block; block++) {
      const first = share(filters, block, blocks);
      t.rows = share(filters, block + 1, blocks) - first;
      pack_chunk(p, planes, t, chunk, group * filters + first);
      const dw = nth(p.dw, (group * filters + first) * cols);
      const from = max(chunk.first_col, chunk.channel * window);
      const to = min(chunk.end_col, (chunk.channel + count) * window);
      for (let col = from; col < to; col += 2) {
        const at = column(planes, chunk, window, col);
        const apart = column(planes, chunk, window, min(col + 1, to - 1)) - at;
        dot(t, b + at, apart, min(2, to - col), nth(dw, col));
      }
    }
  }
}

/** Where column `col` (channel by tap) begins in the chunk's planes. */
// @ts-ignore: decorator
@inline
function column(planes: Planes, chunk: Chunk, window: i32, col: i32): usize {
  return <usize>(col / window - chunk.channel) * planes.channel_bytes + load<usize>(nth(chunk.offsets, col % window));
}

/** Makes the planes of the chunk's next `count` channels; returns where they are. */
function fill_chunk(p: Conv2dDw, planes: Planes, chunk: Chunk, group: i32, count: i32): usize {
  const image_floats = p.cin * p.ih * p.iw;
  let x = nth(p.x, chunk.image * image_floats + (group * (p.cin / p.groups) + chunk.channel) * p.ih * p.iw);
  const b = fill_planes(planes, chunk.into, x, count, chunk.row);
  let into = chunk.into;
  for (let i = 1; i < chunk.images; i++) {
    x = nth(x, image_floats);
    into += chunk.image_bytes;
    fill_planes(planes, into, x, count, chunk.row);
  }
  return b;
}

/** Packs the chunk's dy of t.rows filters from `filter` on; lanes behind a row's end are zero. */
function pack_chunk(p: Conv2dDw, planes: Planes, t: Dot, chunk: Chunk, filter: i32): void {
  const dy_row = bytes(p.oh * p.ow);
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
      dy += bytes(p.ow);
    }
  }
  t.panel_end = at;
}
