/**
 * conv2d_dx (conv2d_dx.ts) with a 3 × 3 window, stride 1 and one group, by Winograd's transforms (winograd.ts): the convolution of dy with the weights turned
 * round and with channels and filters exchanged.
 */
import { Conv2dDx } from "./generated/layouts";
import { bytes } from "./parts";
import { prepare, Winograd, winograd } from "./winograd";

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
  prepare(2, 2, p.prepared, p.w + 32, p.cin, p.cout, 36, bytes(9 * p.cin), -4, worker, workers, scratch);
}

export function conv2d_dx_winograd42_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  prepare(4, 2, p.prepared, p.w + 32, p.cin, p.cout, 36, bytes(9 * p.cin), -4, worker, workers, scratch);
}

export function conv2d_dx_winograd4_prepare(p: Conv2dDx, worker: i32, workers: i32, scratch: usize): void {
  prepare(4, 4, p.prepared, p.w + 32, p.cin, p.cout, 36, bytes(9 * p.cin), -4, worker, workers, scratch);
}

function run(p: Conv2dDx, h: i32, w: i32, worker: i32, workers: i32, scratch: usize): void {
  const t = changetype<Winograd>(scratch);
  t.tile_h = h;
  t.tile_w = w;
  t.n = p.n;
  t.h = p.oh;
  t.w = p.ow;
  t.top = 2 - p.pt;
  t.left = 2 - p.pl;
  t.channels = p.cout;
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
