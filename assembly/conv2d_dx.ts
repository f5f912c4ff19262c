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
import { STRUCTS } from "./conv2d";
import { Conv2dDx } from "./generated/layouts";
import { list_spots, Outer, outer, pack_panel, panel_bytes, panel_rows, Spot, SPARE_SPOTS, spots_bytes, Tap } from "./outer";
import { nth } from "./parts";
import { fill_planes, fit_rows, Planes, PLANES_SLACK, set_rows, shape_planes, tap_offset } from "./planes";
import { share } from "./simd";

export function conv2d_dx(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  const filters = p.cout / p.groups;
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const half = (p.scratch_bytes - STRUCTS) / 2;
  const planes = changetype<Planes>(scratch);
  const t = changetype<Outer>(scratch + offsetof<Planes>());
  const band = scratch + STRUCTS;
  const taps = band + half;
  const panels = taps + <usize>window * offsetof<Tap>();

  // rows and columns of the largest class, and the first and last pixel of dy that its first pixel reads
  const grid_h = (p.ih + p.sh - 1) / p.sh;
  const grid_w = (p.iw + p.sw - 1) / p.sw;
  const top = floor_div(p.pt - (p.kh - 1) * p.dilation_h, p.sh);
  const left = floor_div(p.pl - (p.kw - 1) * p.dilation_w, p.sw);
  shape_planes(planes, p.oh, p.ow, top, left, 1, 1, (p.pt + p.sh - 1) / p.sh - top, (p.pl + p.sw - 1) / p.sw - left, grid_h, grid_w);
  fit_rows(planes, filters, grid_h, spots_bytes(grid_w), half - SPARE_SPOTS * offsetof<Spot>());
  if (p.n < 2 * workers) set_rows(planes, min(planes.rows, (grid_h + workers - 1) / workers));
  t.spots = band + (planes.direct ? 0 : <usize>filters * planes.channel_bytes + PLANES_SLACK);
  t.y_row = (<usize>p.ih * p.iw) << 2;
  t.lane_bytes = <usize>p.sw << 2;
  t.bias = 0;
  t.slope = 0;
  t.has_residual = false;
  t.fn = 0;

  const bands = (grid_h + planes.rows - 1) / planes.rows;
  const first_item = share(p.n * bands, worker, workers);
  const end_item = share(p.n * bands, worker + 1, workers);
  if (first_item == end_item) return;
  const most = panel_rows(half - window * offsetof<Tap>(), filters * window);

  for (let group = 0; group < p.groups; group++) {
    for (let channel = 0; channel < channels; channel += most) {
      t.m = min(most, channels - channel);
      t.panel = panels;
      pack_classes(p, planes, t, taps, nth(p.w, (group * filters * channels + channel) * window));
      for (let item = first_item; item < end_item; item++) {
        const image = item / bands;
        const row = (item % bands) * planes.rows;
        t.b = fill_planes(planes, band, nth(p.dy, (image * p.cout + group * filters) * p.oh * p.ow), filters, row);
        t.panel = panels;
        const dx = nth(p.dx, (image * p.cin + group * channels + channel) * p.ih * p.iw);
        multiply_classes(p, planes, t, dx, row);
      }
    }
  }
}

/** Packs the weights of all classes from t.panel on, for the t.m channels whose weights in the group's first filter stand at w. */
function pack_classes(p: Conv2dDx, planes: Planes, t: Outer, taps: usize, w: usize): void {
  const filters = p.cout / p.groups;
  const window = <usize>(p.kh * p.kw) << 2;
  const filter = window * (p.cin / p.groups);
  for (let y = 0; y < min(p.sh, p.ih); y++) {
    for (let x = 0; x < min(p.sw, p.iw); x++) {
      const count = list_class(p, planes, taps, y, x);
      t.panel = pack_panel(t, taps, count, filters, w, window, filter, planes.channel_bytes);
    }
  }
}

/** Computes a band of `dx`, from row `row` of the classes' grids on. */
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
        list_spots(t, rows, cols, planes.row_bytes, <usize>(p.sh * p.iw) << 2);
        outer(t);
      }
      t.panel += panel_bytes(t.m, t.k);
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
      changetype<Tap>(at).a = <usize>(i * p.kw + j) << 2;
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
