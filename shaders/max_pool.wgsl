// y[plane, r, s] = max over p < KH, q < KW of x[plane, r · sh − pt + p, s · sw − pl + q]; padding never wins, NaN does.
//
// x [planes, ih, iw], y [planes, oh, ow]; a plane is a channel of an example. One thread computes one pixel of y: WIDTH threads along a row,
// HEIGHT along rows, PLANES along planes, so that small images share a workgroup and nobody divides to find its pixel.
#include "lib/elem.wgsl"
#include "lib/nan.wgsl"

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

// Outside the image the pixel at its border is taken. Where a window hangs over the border, that is one of the window's own, and the maximum stays the same.
fn pixel(image: i32, row: i32, column: i32) -> f32 {
  return f32(x[image + clamp(row, 0, p.ih - 1) * p.iw + clamp(column, 0, p.iw - 1)]);
}

// Once `largest` is NaN, nothing is larger.
fn larger(largest: f32, v: f32) -> f32 {
  return select(largest, v, v > largest || is_nan(v));
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
  // the first pixel, since WGSL has no way to write −∞
  var largest = pixel(image, top, left);
  if (KH <= SMALL && KW <= SMALL) {
    // @unroll
    for (var dy = 0; dy < SMALL; dy++) {
      // @unroll
      for (var dx = 0; dx < SMALL; dx++) {
        if (dy < KH && dx < KW && dy + dx > 0) {
          largest = larger(largest, pixel(image, top + dy, left + dx));
        }
      }
    }
  } else {
    for (var dy = 0; dy < KH; dy++) {
      for (var dx = 0; dx < KW; dx++) {
        largest = larger(largest, pixel(image, top + dy, left + dx));
      }
    }
  }
  y[(plane * p.oh + at.y) * p.ow + at.x] = Elem(largest);
}
