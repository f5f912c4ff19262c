/**
 * conv2d_dx (conv2d_dx.ts) with stride 1 and one group by Winograd's transforms (winograd.ts): the convolution of dy with the weights turned
 * round and with channels and filters exchanged.
 */
import { Conv2dDx } from "./generated/layouts";
import { bytes } from "./parts";
import { parts_of, prepare, Winograd, winograd } from "./winograd";

export function conv2d_dx_winograd2(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  run(p, 2, 2, worker, workers, scratch);
}

export function conv2d_dx_winograd42(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  run(p, 4, 2, worker, workers, scratch);
}

export function conv2d_dx_winograd4(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  run(p, 4, 4, worker, workers, scratch);
}

export function conv2d_dx_winograd2_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 2, 2, worker, workers, scratch);
}

export function conv2d_dx_winograd42_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 4, 2, worker, workers, scratch);
}

export function conv2d_dx_winograd4_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  prepare_weights(p, 4, 4, worker, workers, scratch);
}

function prepare_weights(p: Conv2dDx, h: i32, w: i32, worker: i32, workers: i32, scratch: usize): void {
  const window = bytes(p.kh * p.kw);
  prepare(h, w, p.prepared, p.w + window - 4, p.cin, p.cout, window, <usize>p.cin * window, p.kh, p.kw, -4, worker, workers, scratch);
}

function run(p: Conv2dDx, h: i32, w: i32, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Winograd>(scratch);
  t.tile_h = h;
  t.tile_w = w;
  t.n = p.n;
  t.h = p.oh;
  t.w = p.ow;
  t.top = p.kh - 1 - p.pt;
  t.left = p.kw - 1 - p.pl;
  t.parts_h = parts_of(p.kh);
  t.parts_w = parts_of(p.kw);
  t.channels = p.cout * t.parts_h * t.parts_w;
  t.xc = p.cout;
  t.gather = 0;
  t.x = p.dy;
  t.oh = p.ih;
  t.ow = p.iw;
  t.filters = p.cin;
  t.yc = p.cin;
  t.y = p.dx;
  t.places = 0;
  t.bias = 0;
  t.slope = 0;
  t.residual = 0;
  t.rc = 0;
  t.shortcut = 0;
  t.fn = 0;
  t.prepared = p.prepared;
  winograd(t, scratch, p.scratch_bytes, worker, workers);
}
