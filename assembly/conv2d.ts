/**
 * `y[n,o,i,j] = slope[o] · act( bias[o] + residual[n,o,i,j] + Σ x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, c', p, q] )`
 * x [n, xc, ih, iw], w [cout, cin/groups, kh, kw], y [n, yc, oh, ow], residual [n, rc, oh, ow].
 *
 * xc = cin and yc = rc = cout, but for tables (groups = 1): column c of w reads channel gather[c] of x; filter o goes to channel scatter[o] of y, and
 * the channels scatter[cout] … scatter[yc − 1] get their epilogue alone; channel ch of y adds channel shortcut[ch] of residual, none where that is −1.
 * Tables only say where planes begin.
 *
 * For each band of an image: make its planes (planes.ts), then multiply (outer.ts) the packed weights, a row for each filter, with one row for each tap,
 * which is a plane read from the tap's offset. Vectors run along pixels, so an odd number of channels costs no more than its share.
 *
 * Prepared: for each group the panel of its filters. Scratch: the structs below, the taps, where the rows of a group begin, the band's planes and its list
 * of vectors.
 */
import { activate } from "./activate";
import { rotate_plane } from "./activation";
import { Conv2d } from "./generated/layouts";
import { SLACK, SPARE_SPOTS, STRUCTS } from "./generated/scratch";
import { Outer, outer, Spot } from "./outer";
import { list_offsets, list_spots, pack_panel, spots_bytes, Tap } from "./panel";
import { bytes, entry, fill_row, nth } from "./parts";
import { even_rows, fill_planes, fit_rows, Planes, set_rows, shape_planes, tap_offset } from "./planes";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** Bytes of a band that is read where it is. */
const BAND: i32 = 512 * 1024;

/** What a worker computes, and where its scratch memory is divided. */
@unmanaged
class Job {
  /** Rows of all images' outputs, one image after the other. */
  first_row: i32;
  end_row: i32;
  /** Blocks of filters of each group. */
  first_block: i32;
  end_block: i32;
  into: usize;
  /** Rows of the band whose vectors are listed. */
  listed: i32;
}

/** Packs the worker's share of the weights. */
export function conv2d_prepare(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  const window = p.kh * p.kw;
  const row = (p.cin / p.groups) * window;
  const filters = p.cout / p.groups;
  const blocks = row_blocks(filters);
  // along a row all weights are read in their order: as one channel's taps
  const tap = changetype<Tap>(scratch);
  tap.a = 0;
  for (let group = 0; group < p.groups; group++) {
    const at = group * filters * row;
    pack_panel(
      nth(p.prepared, at),
      filters,
      share(blocks, worker, workers),
      share(blocks, worker + 1, workers),
      scratch,
      1,
      row,
      nth(p.w, at),
      bytes(row),
      4,
    );
  }
}

export function conv2d(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  const planes = changetype<Planes>(scratch);
  const t = changetype<Outer>(scratch + offsetof<Planes>());
  const job = changetype<Job>(scratch + offsetof<Planes>() + offsetof<Outer>());
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const taps = scratch + STRUCTS;
  t.offsets = taps + <usize>window * offsetof<Tap>();
  job.into = nth(t.offsets, channels * window);
  choose_bands(p, planes, job, p.scratch_bytes - <i32>(job.into - scratch), worker, workers);
  finish_rest(p, worker, workers);
  if (job.first_row == job.end_row || job.first_block == job.end_block) return;

  list_taps(p, planes, taps);
  list_offsets(t.offsets, taps, window, channels, planes.channel_bytes, planes.direct ? p.gather : 0);
  t.spots = job.into + (planes.direct ? 0 : <usize>channels * planes.channel_bytes + SLACK);
  t.m = p.cout / p.groups;
  t.k = channels * window;
  t.first_block = job.first_block;
  t.end_block = job.end_block;
  t.y_row = bytes(p.oh * p.ow);
  t.lane_bytes = 4;
  t.fn = p.fn;
  job.listed = 0;
  for (let group = 0; group < p.groups; group++) convolve(p, planes, t, job, group);
}

/** Decides how high bands are, and what this worker's share of the bands and filters is. No choice here changes a bit of the result. */
function choose_bands(p: Conv2d, planes: Planes, job: Job, room: i32, worker: i32, workers: i32): void {
  const channels = p.cin / p.groups;
  shape_planes(planes, p.ih, p.iw, -p.pt, -p.pl, p.sh, p.sw, (p.kh - 1) * p.dilation_h, (p.kw - 1) * p.dilation_w, p.oh, p.ow);
  fit_rows(planes, channels, p.oh, spots_bytes(p.ow), room - SPARE_SPOTS * offsetof<Spot>());
  // what all blocks of filters read should stay in a second-level cache
  if (planes.direct) set_rows(planes, min(planes.rows, max(1, BAND / (channels * <i32>planes.row_bytes))));
  // few images are shared out by filters where there are more weights to read than planes to make, else by rows
  const row = channels * p.kh * p.kw;
  const by_filters = p.n < workers && row > p.oh * p.ow && (planes.direct || p.cout * row > 1 << 17);
  const total = p.n * p.oh;
  job.first_row = by_filters ? 0 : share(total, worker, workers);
  job.end_row = by_filters ? total : share(total, worker + 1, workers);
  if (job.first_row < job.end_row) even_rows(planes, min(p.oh, job.end_row - job.first_row));
  const blocks = row_blocks(p.cout / p.groups);
  job.first_block = by_filters ? share(blocks, worker, workers) : 0;
  job.end_block = by_filters ? share(blocks, worker + 1, workers) : blocks;
}

/** All of the worker's bands and filters of a group. */
function convolve(p: Conv2d, planes: Planes, t: Outer, job: Job, group: i32): void {
  const channels = p.cin / p.groups;
  const o = group * t.m;
  t.panel = nth(p.prepared, o * t.k);
  // the channel of y that rows are counted from
  const first_channel = p.scatter ? 0 : o;
  const first_added = p.shortcut ? 0 : first_channel;
  t.shortcut = p.shortcut ? nth(p.shortcut, first_channel) : 0;
  t.places = p.scatter ? nth(p.scatter, o) : 0;
  t.bias = p.bias ? nth(p.bias, o) : 0;
  t.slope = p.slope ? nth(p.slope, first_channel) : 0;
  for (let row = job.first_row, rows = 0; row < job.end_row; row += rows) {
    const image = row / p.oh;
    const first = row % p.oh;
    rows = min(planes.rows, min(p.oh - first, job.end_row - row));
    if (rows != job.listed) list_spots(t, rows, p.ow, planes.row_bytes, bytes(p.ow));
    job.listed = rows;
    const x = nth(p.x, (image * p.xc + group * channels) * p.ih * p.iw);
    t.b = fill_planes(planes, job.into, x, channels, first, p.gather);
    t.y = nth(p.y, ((image * p.yc + first_channel) * p.oh + first) * p.ow);
    t.residual = p.residual ? nth(p.residual, ((image * p.rc + first_added) * p.oh + first) * p.ow) : 0;
    outer(t);
  }
}

/** The worker's share of the channels that no filter writes: slope · act(residual). */
export function finish_rest(p: Conv2d, worker: i32, workers: i32): void {
  const rest = p.scatter ? p.yc - p.cout : 0;
  const plane = p.oh * p.ow;
  const end = share(p.n * rest, worker + 1, workers);
  for (let item = share(p.n * rest, worker, workers); item < end; item++) {
    const image = item / rest;
    const channel = load<i32>(nth(p.scatter, p.cout + (item % rest)));
    const added = p.residual ? entry(p.shortcut, channel) : -1;
    const slope = p.slope ? v128.load32_splat(nth(p.slope, channel)) : f32x4.splat(1);
    const y = nth(p.y, (image * p.yc + channel) * plane);
    if (added < 0) fill_row(y, plane, f32x4.extract_lane(f32x4.mul(slope, activate(p.fn, f32x4.splat(0))), 0));
    else rotate_plane(p.fn, nth(p.residual, (image * p.rc + added) * plane), y, plane, slope);
  }
}

function list_taps(p: Conv2d, planes: Planes, at: usize): void {
  let a: usize = 0;
  for (let i = 0; i < p.kh; i++) {
    for (let j = 0; j < p.kw; j++) {
      changetype<Tap>(at).a = a;
      changetype<Tap>(at).b = tap_offset(planes, i * p.dilation_h, j * p.dilation_w);
      a += 4;
      at += offsetof<Tap>();
    }
  }
}
