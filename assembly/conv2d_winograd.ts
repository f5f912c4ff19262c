/** conv2d (conv2d.ts) with stride 1 and one group by Winograd's transforms (winograd.ts) with tiles of 2 × 2, 4 × 2 or 4 × 4 pixels. */
import { finish_rest } from "./conv2d";
import { Conv2d } from "./generated/layouts";
import { bytes } from "./parts";
import { parts_of, prepare, Winograd, winograd } from "./winograd";

export function conv2d_winograd2(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  run(p, 2, 2, worker, workers, scratch);
}

export function conv2d_winograd42(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  run(p, 4, 2, worker, workers, scratch);
}

export function conv2d_winograd4(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  run(p, 4, 4, worker, workers, scratch);
}

export function conv2d_winograd2_prepare(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 2, 2, worker, workers, scratch);
}

export function conv2d_winograd42_prepare(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 4, 2, worker, workers, scratch);
}

export function conv2d_winograd4_prepare(p: Conv2d, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 4, 4, worker, workers, scratch);
}

function prepare_weights(p: Conv2d, h: i32, w: i32, worker: i32, workers: i32, scratch: usize): void {
  const window = bytes(p.kh * p.kw);
  prepare(h, w, p.prepared, p.w, p.cout, p.cin, <usize>p.cin * window, window, p.kh, p.kw, 4, worker, workers, scratch);
}

function run(p: Conv2d, h: i32, w: i32, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Winograd>(scratch);
  t.tile_h = h;
  t.tile_w = w;
  t.n = p.n;
  t.h = p.ih;
  t.w = p.iw;
  t.top = p.pt;
  t.left = p.pl;
  t.parts_h = parts_of(p.kh);
  t.parts_w = parts_of(p.kw);
  t.channels = p.cin * t.parts_h * t.parts_w;
  t.xc = p.xc;
  t.gather = p.gather;
  t.x = p.x;
  t.oh = p.oh;
  t.ow = p.ow;
  t.filters = p.cout;
  t.yc = p.yc;
  t.y = p.y;
  t.places = p.scatter;
  t.bias = p.bias;
  t.slope = p.slope;
  t.residual = p.residual;
  t.rc = p.rc;
  t.shortcut = p.shortcut;
  t.fn = p.fn;
  t.prepared = p.prepared;
  winograd(t, scratch, p.scratch_bytes, worker, workers);
  finish_rest(p, worker, workers);
}
