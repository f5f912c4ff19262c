// y[plane, r, s] = Σ over p < KH, q < KW of x[plane, r · sh − pt + p, s · sw − pl + q] / d; padding counts as zeros. d is the window's size, or with
// exclude_padding the number of its pixels that are not padding.
//
// x [planes, ih, iw], y [planes, oh, ow]; a plane is a channel of an example. One thread computes one pixel of y: WIDTH threads along a row,
// HEIGHT along rows, PLANES along planes, so that small images share a workgroup and nobody divides to find its pixel.
#include "lib/elem.wgsl"

struct Params {
  planes: u32,
  ih: i32,
  iw: i32,
  oh: u32,
  ow: u32,
  sh: i32,
  sw: i32,
  pt: i32,
  pl: i32,
  exclude_padding: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

override WIDTH: u32 = 8;
override HEIGHT: u32 = 8;
override PLANES: u32 = 1;
// constants, so that drivers write the loops over the window out
override KH: i32 = 2;
override KW: i32 = 2;
// windows up to this size are written out by the build
const SMALL = 3;

// Every load is of some pixel; that padding adds nothing is chosen afterwards, without a branch.
fn pixel(image: i32, row: i32, column: i32) -> f32 {
  let v = f32(x[image + clamp(row, 0, p.ih - 1) * p.iw + clamp(column, 0, p.iw - 1)]);
  return select(0.0, v, row >= 0 && row < p.ih && column >= 0 && column < p.iw);
}

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u) {
  let plane = at.z;
  if (at.x >= p.ow || at.y >= p.oh || plane >= p.planes) {
    return;
  }
  let top = i32(at.y) * p.sh - p.pt;
  let left = i32(at.x) * p.sw - p.pl;
  let image = i32(plane) * p.ih * p.iw;
  var sum = 0.0;
  if (KH <= SMALL && KW <= SMALL) {
    // @unroll
    for (var dy = 0; dy < SMALL; dy++) {
      // @unroll
      for (var dx = 0; dx < SMALL; dx++) {
        if (dy < KH && dx < KW) {
          sum += pixel(image, top + dy, left + dx);
        }
      }
    }
  } else {
    for (var dy = 0; dy < KH; dy++) {
      // large windows round less if each row has a sum of its own
      var row_sum = 0.0;
      for (var dx = 0; dx < KW; dx++) {
        row_sum += pixel(image, top + dy, left + dx);
      }
      sum += row_sum;
    }
  }
  let rows = min(top + KH, p.ih) - max(top, 0);
  let columns = min(left + KW, p.iw) - max(left, 0);
  let divisor = select(KH * KW, rows * columns, p.exclude_padding != 0u);
  y[(plane * p.oh + at.y) * p.ow + at.x] = Elem(sum / f32(divisor));
}
