/**
 * `y[n,o,i,j] = slope[o] · act( bias[o] + residual[n,o,i,j] + Σ x[n, c, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, c', p, q] )`
 * x [n, cin, ih, iw], w [cout, cin/groups, kh, kw], y and residual [n, cout, oh, ow].
 *
 * For each band of an image: make its planes (planes.ts), then multiply (outer.ts) the packed weights, a row for each filter, with one row for each tap,
 * which is a plane read from the tap's offset. Vectors run along pixels, so an odd number of channels costs no more than its share.
 *
 * Scratch: the structs below, then two halves: the band's planes and list of vectors; the taps and the packed weights.
 */
import { Conv2d } from "./generated/layouts";
import { list_spots, Outer, outer, pack_panel, panel_rows, Spot, SPARE_SPOTS, spots_bytes, Tap } from "./outer";
import { nth } from "./parts";
import { fill_planes, fit_rows, Planes, PLANES_SLACK, set_rows, shape_planes, tap_offset } from "./planes";
import { share } from "./simd";

/** Bytes at the start of scratch for structs. */
export const STRUCTS: i32 = 256;

export function conv2d(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  const filters = p.cout / p.groups;
  const channels = p.cin / p.groups;
  const window = p.kh * p.kw;
  const half = (p.scratch_bytes - STRUCTS) / 2;
  const planes = changetype<Planes>(scratch);
  const t = changetype<Outer>(scratch + offsetof<Planes>());
  const band = scratch + STRUCTS;
  const taps = band + half;

  shape_planes(planes, p.ih, p.iw, -p.pt, -p.pl, p.sh, p.sw, (p.kh - 1) * p.dilation_h, (p.kw - 1) * p.dilation_w, p.oh, p.ow);
  fit_rows(planes, channels, p.oh, spots_bytes(p.ow), half - SPARE_SPOTS * offsetof<Spot>());
  // few images are shared out by filters where most of the work is packing weights, else by bands
  const by_filters = p.n < workers && channels * window > p.oh * p.ow;
  if (!by_filters && p.n < 2 * workers) set_rows(planes, min(planes.rows, (p.oh + workers - 1) / workers));
  list_taps(p, planes, taps);
  t.spots = band + (planes.direct ? 0 : <usize>channels * planes.channel_bytes + PLANES_SLACK);
  t.panel = taps + <usize>window * offsetof<Tap>();
  t.y_row = (<usize>p.oh * p.ow) << 2;
  t.lane_bytes = 4;
  t.residual = p.residual - p.y;
  t.has_residual = p.residual != 0;
  t.fn = p.fn;

  const bands = (p.oh + planes.rows - 1) / planes.rows;
  const items = p.n * bands;
  const first_item = by_filters ? 0 : share(items, worker, workers);
  const end_item = by_filters ? items : share(items, worker + 1, workers);
  const first_filter = by_filters ? share(filters, worker, workers) : 0;
  const end_filter = by_filters ? share(filters, worker + 1, workers) : filters;
  if (first_item == end_item) return;
  const most = panel_rows(half - window * offsetof<Tap>(), channels * window);
  const image_floats = p.ih * p.iw;

  for (let group = 0; group < p.groups; group++) {
    let listed = 0;
    for (let filter = first_filter; filter < end_filter; filter += most) {
      const o = group * filters + filter;
      t.m = min(most, end_filter - filter);
      t.bias = p.bias ? nth(p.bias, o) : 0;
      t.slope = p.slope ? nth(p.slope, o) : 0;
      const row_floats = channels * window;
      pack_panel(t, taps, window, channels, nth(p.w, o * row_floats), <usize>row_floats << 2, <usize>window << 2, planes.channel_bytes);
      for (let item = first_item; item < end_item; item++) {
        const image = item / bands;
        const row = (item % bands) * planes.rows;
        const rows = min(planes.rows, p.oh - row);
        if (rows != listed) list_spots(t, rows, p.ow, planes.row_bytes, <usize>p.ow << 2);
        listed = rows;
        t.b = fill_planes(planes, band, nth(p.x, (image * p.cin + group * channels) * image_floats), channels, row);
        t.y = nth(p.y, ((image * p.cout + o) * p.oh + row) * p.ow);
        outer(t);
      }
    }
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
