/**
 * `dx[n,c,y,x] = Σ dy[n,o,i,j] · w[o,c',p,q]` over all (o,i,j,p,q) with y = i·sh − pt + p·dh and x = j·sw − pl + q·dw.
 * dx [n, cin, ih, iw], w [cout, cin/groups, kh, kw], dy [n, cout, oh, ow].
 *
 * The same product as the forward convolution's, with dy as the image and the weights transposed. Under stride s the pixels of dx fall into s × s
 * classes (y mod sh, x mod sw); the taps of a class are those with i = (y + pt − p·dh) / sh whole, and read dy without stride. Each class is a
 * convolution of its own with its own taps, so nothing is multiplied by the zeros between the pixels.
 *
 * Prepared and scratch: as in conv2d.ts. What belongs to a class follows what belongs to the one before, in panels and lists alike.
 */
import { Conv2dDx } from "./generated/layouts";
import { SLACK, SPARE_SPOTS, STRUCTS } from "./generated/scratch";
import { Outer, outer, Spot } from "./outer";
import { list_offsets, list_spots, pack_panel, spots_bytes, Tap } from "./panel";
import { bytes, nth } from "./parts";
import { fill_planes, fit_rows, Planes, set_rows, shape_planes, tap_offset } from "./planes";
import { row_blocks } from "./rows";
import { share } from "./simd";

/** What a worker computes, and where its scratch memory is divided. */
@unmanaged
class Job {
  /** Bands of images; each image has `bands`. */
  first_item: i32;
  end_item: i32;
  bands: i32;
  /** The planes, the list of taps, and where the rows of all classes begin. */
  into: usize;
  taps: usize;
  offsets: usize;
}

/** Packs the worker's share of the weights, turned round: rows are channels, sums run over filters. */
export function conv2d_dx_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  const filters = p.cout / p.groups;
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const blocks = row_blocks(channels);
  const planes = changetype<Planes>(scratch);
  // of the taps, places in dy do not matter here
  planes.step_h = 1;
  planes.step_w = 1;
  const taps = scratch + STRUCTS;
  let panel = p.prepared;
  for (let group = 0; group < p.groups; group++) {
    const w = nth(p.w, group * filters * channels * window);
    for (let y = 0; y < min(p.sh, p.ih); y++) {
      for (let x = 0; x < min(p.sw, p.iw); x++) {
        const count = list_class(p, planes, taps, y, x);
        pack_panel(
          panel,
          channels,
          share(blocks, worker, workers),
          share(blocks, worker + 1, workers),
          taps,
          count,
          filters,
          w,
          bytes(window),
          bytes(channels * window),
        );
        panel = nth(panel, channels * count * filters);
      }
    }
  }
}

export function conv2d_dx(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  const planes = changetype<Planes>(scratch);
  const t = changetype<Outer>(scratch + offsetof<Planes>());
  const job = changetype<Job>(scratch + offsetof<Planes>() + offsetof<Outer>());
  const filters = p.cout / p.groups;
  const window = p.kh * p.kw;
  job.taps = scratch + STRUCTS;
  job.offsets = job.taps + <usize>window * offsetof<Tap>();
  job.into = nth(job.offsets, filters * window);
  choose_bands(p, planes, job, p.scratch_bytes - <i32>(job.into - scratch), worker, workers);
  if (job.first_item == job.end_item) return;

  let offsets = job.offsets;
  for (let y = 0; y < min(p.sh, p.ih); y++) {
    for (let x = 0; x < min(p.sw, p.iw); x++) {
      offsets = list_offsets(offsets, job.taps, list_class(p, planes, job.taps, y, x), filters, planes.channel_bytes);
    }
  }
  t.spots = job.into + (planes.direct ? 0 : <usize>filters * planes.channel_bytes + SLACK);
  t.m = p.cin / p.groups;
  t.first_block = 0;
  t.end_block = row_blocks(t.m);
  t.y_row = bytes(p.ih * p.iw);
  t.lane_bytes = bytes(p.sw);
  t.places = 0;
  t.bias = 0;
  t.slope = 0;
  t.residual = 0;
  t.fn = 0;
  let panels = p.prepared;
  for (let group = 0; group < p.groups; group++) {
    for (let item = job.first_item; item < job.end_item; item++) {
      const image = item / job.bands;
      const row = (item % job.bands) * planes.rows;
      const dy = nth(p.dy, (image * p.cout + group * filters) * p.oh * p.ow);
      t.b = fill_planes(planes, job.into, dy, filters, row);
      t.panel = panels;
      t.offsets = job.offsets;
      multiply_classes(p, planes, t, nth(p.dx, (image * p.cin + group * t.m) * p.ih * p.iw), row);
    }
    panels = t.panel;
  }
}

/** Decides how high bands are, and which of them this worker computes. No choice here changes a bit of the result. */
function choose_bands(p: Conv2dDx, planes: Planes, job: Job, room: i32, worker: i32, workers: i32): void {
  const filters = p.cout / p.groups;
  // rows and columns of the largest class, and the first pixel of dy that its first pixel reads
  const rows = (p.ih + p.sh - 1) / p.sh;
  const cols = (p.iw + p.sw - 1) / p.sw;
  const top = floor_div(p.pt - (p.kh - 1) * p.dilation_h, p.sh);
  const left = floor_div(p.pl - (p.kw - 1) * p.dilation_w, p.sw);
  shape_planes(planes, p.oh, p.ow, top, left, 1, 1, (p.pt + p.sh - 1) / p.sh - top, (p.pl + p.sw - 1) / p.sw - left, rows, cols);
  fit_rows(planes, filters, rows, spots_bytes(cols), room - SPARE_SPOTS * offsetof<Spot>());
  if (p.n < 2 * workers) set_rows(planes, min(planes.rows, (rows + workers - 1) / workers));
  job.bands = (rows + planes.rows - 1) / planes.rows;
  job.first_item = share(p.n * job.bands, worker, workers);
  job.end_item = share(p.n * job.bands, worker + 1, workers);
}

/** Computes the band of dx from row `row` of the classes' grids on; t.panel and t.offsets are those of the first class before, behind the last one after. */
function multiply_classes(p: Conv2dDx, planes: Planes, t: Outer, dx: usize, row: i32): void {
  const filters = p.cout / p.groups;
  for (let y = 0; y < min(p.sh, p.ih); y++) {
    const count_h = count_taps(y + p.pt, p.kh, p.dilation_h, p.sh);
    const rows = min(planes.rows, (p.ih - y + p.sh - 1) / p.sh - row);
    for (let x = 0; x < min(p.sw, p.iw); x++) {
      const cols = (p.iw - x + p.sw - 1) / p.sw;
      t.k = filters * count_h * count_taps(x + p.pl, p.kw, p.dilation_w, p.sw);
      if (rows > 0) {
        t.y = nth(dx, (row * p.sh + y) * p.iw + x);
        list_spots(t, rows, cols, planes.row_bytes, bytes(p.sh * p.iw));
        outer(t);
      }
      t.panel = nth(t.panel, t.m * t.k);
      t.offsets = nth(t.offsets, t.k);
    }
  }
}

/** Lists the taps of the class of pixel (y, x); returns their number. */
function list_class(p: Conv2dDx, planes: Planes, at: usize, y: i32, x: i32): i32 {
  let count = 0;
  for (let i = 0; i < p.kh; i++) {
    const row = y + p.pt - i * p.dilation_h;
    if (row % p.sh != 0) continue;
    for (let j = 0; j < p.kw; j++) {
      const col = x + p.pl - j * p.dilation_w;
      if (col % p.sw != 0) continue;
      changetype<Tap>(at).a = bytes(i * p.kw + j);
      changetype<Tap>(at).b = tap_offset(planes, row / p.sh - planes.top, col / p.sw - planes.left);
      at += offsetof<Tap>();
      count++;
    }
  }
  return count;
}

/** How many of the `k` taps along one axis reach a whole pixel of dy from position `from` (padding included). */
function count_taps(from: i32, k: i32, dilation: i32, stride: i32): i32 {
  let count = 0;
  for (let i = 0; i < k; i++) count += i32((from - i * dilation) % stride == 0);
  return count;
}

/** a / b rounded down, for b > 0. */
function floor_div(a: i32, b: i32): i32 {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}
