/**
 * `dx[n,c,y,x] = Σ dy[n,o,i,j] · w[o,c',p,q]` over all (o,i,j,p,q) with y = i·sh − pt + p·dh and x = j·sw − pl + q·dw.
 * dx [n, cin, ih, iw], w [cout, cin/groups, kh, kw], dy [n, cout, oh, ow].
 *
 * The same product as the forward convolution's, with dy as the image and the weights transposed. Under stride s the pixels of dx fall into s × s
 * classes (y mod sh, x mod sw); the taps of a class are those with i = (y + pt − p·dh) / sh whole, and read dy without stride. Each class is a
 * convolution of its own with its own taps, so nothing is multiplied by the zeros between the pixels.
 *
 * Scratch: as in conv2d.ts. The packed weights of all classes stand one after another.
 */
import { Conv2dDx } from "./generated/layouts";
import { SLACK, SPARE_SPOTS, STRUCTS } from "./generated/scratch";
import { Outer, outer, Spot } from "./outer";
import { list_spots, pack_panel, panel_floats, panel_rows, spots_bytes, Tap } from "./panel";
import { bytes, nth } from "./parts";
import { fill_planes, fit_rows, Planes, set_rows, shape_planes, tap_offset } from "./planes";
import { share } from "./simd";

/** What a worker computes, and where its scratch memory is divided. */
@unmanaged
class Job {
  /** Bands of images; each image has `bands`. */
  first_item: i32;
  end_item: i32;
  bands: i32;
  /** Channels whose weights are packed at a time. */
  most: i32;
  /** The planes, the list of taps, and the packed weights. */
  into: usize;
  taps: usize;
  panels: usize;
}

export function conv2d_dx(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  const planes = changetype<Planes>(scratch);
  const t = changetype<Outer>(scratch + offsetof<Planes>());
  const job = changetype<Job>(scratch + offsetof<Planes>() + offsetof<Outer>());
  const half = (p.scratch_bytes - STRUCTS) / 2;
  job.into = scratch + STRUCTS;
  job.taps = job.into + half;
  job.panels = job.taps + <usize>(p.kh * p.kw) * offsetof<Tap>();
  choose_bands(p, planes, job, half, worker, workers);
  if (job.first_item == job.end_item) return;

  t.spots = job.into + (planes.direct ? 0 : <usize>(p.cout / p.groups) * planes.channel_bytes + SLACK);
  t.y_row = bytes(p.ih * p.iw);
  t.lane_bytes = bytes(p.sw);
  t.places = 0;
  t.bias = 0;
  t.slope = 0;
  t.residual = 0;
  t.fn = 0;
  const channels = p.cin / p.groups;
  for (let group = 0; group < p.groups; group++) {
    for (let channel = 0; channel < channels; channel += job.most) {
      t.m = min(job.most, channels - channel);
      convolve(p, planes, t, job, group, channel);
    }
  }
}

/** Decides how high bands are, and which of them this worker computes. No choice here changes a bit of the result. */
function choose_bands(p: Conv2dDx, planes: Planes, job: Job, half: i32, worker: i32, workers: i32): void {
  const filters = p.cout / p.groups;
  const window = p.kh * p.kw;
  // rows and columns of the largest class, and the first pixel of dy that its first pixel reads
  const rows = (p.ih + p.sh - 1) / p.sh;
  const cols = (p.iw + p.sw - 1) / p.sw;
  const top = floor_div(p.pt - (p.kh - 1) * p.dilation_h, p.sh);
  const left = floor_div(p.pl - (p.kw - 1) * p.dilation_w, p.sw);
  shape_planes(planes, p.oh, p.ow, top, left, 1, 1, (p.pt + p.sh - 1) / p.sh - top, (p.pl + p.sw - 1) / p.sw - left, rows, cols);
  fit_rows(planes, filters, rows, spots_bytes(cols), half - SPARE_SPOTS * offsetof<Spot>());
  if (p.n < 2 * workers) set_rows(planes, min(planes.rows, (rows + workers - 1) / workers));
  job.bands = (rows + planes.rows - 1) / planes.rows;
  job.first_item = share(p.n * job.bands, worker, workers);
  job.end_item = share(p.n * job.bands, worker + 1, workers);
  job.most = panel_rows(half - window * offsetof<Tap>(), filters * window);
}

/** All of the worker's bands for t.m channels of a group from `channel` on. */
function convolve(p: Conv2dDx, planes: Planes, t: Outer, job: Job, group: i32, channel: i32): void {
  const filters = p.cout / p.groups;
  const channels = p.cin / p.groups;
  t.panel = job.panels;
  pack_classes(p, planes, t, job.taps, nth(p.w, (group * filters * channels + channel) * p.kh * p.kw));
  for (let item = job.first_item; item < job.end_item; item++) {
    const image = item / job.bands;
    const row = (item % job.bands) * planes.rows;
    const dy = nth(p.dy, (image * p.cout + group * filters) * p.oh * p.ow);
    t.b = fill_planes(planes, job.into, dy, filters, row);
    t.panel = job.panels;
    multiply_classes(p, planes, t, nth(p.dx, (image * p.cin + group * channels + channel) * p.ih * p.iw), row);
  }
}

/** Packs the weights of all classes from t.panel on, for the t.m channels whose weights in the group's first filter stand at w. */
function pack_classes(p: Conv2dDx, planes: Planes, t: Outer, taps: usize, w: usize): void {
  const filters = p.cout / p.groups;
  const window = bytes(p.kh * p.kw);
  const filter = window * (p.cin / p.groups);
  for (let y = 0; y < min(p.sh, p.ih); y++) {
    for (let x = 0; x < min(p.sw, p.iw); x++) {
      const count = list_class(p, planes, taps, y, x);
      t.panel = pack_panel(t, taps, count, filters, w, window, filter, planes.channel_bytes);
    }
  }
}

/** Computes the band of dx from row `row` of the classes' grids on. */
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
      t.panel = nth(t.panel, panel_floats(t.m, t.k));
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
