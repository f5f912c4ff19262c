// y[plane, r, s] = max over p < KH, q < KW of x[plane, r · sh − pt + p, s · sw − pl + q]; padding never wins, NaN does.
//
// x [planes, ih, iw], y [planes, oh, ow]; a plane is a channel of an example. A thread computes one pixel of y in one plane, then in a later one:
// WIDTH threads along a row, HEIGHT along rows, PLANES along planes, so that small images share a workgroup and nobody divides to find its pixel.
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

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  if (at.x >= p.ow || at.y >= p.oh) {
    return;
  }
  let top = i32(at.y) * p.sh - p.pt;
  let left = i32(at.x) * p.sw - p.pl;
  for (var plane = at.z; plane < p.planes; plane += workgroups.z * PLANES) {
    let image = i32(plane) * p.ih * p.iw;
    // Where the window hangs over the border, the pixel at the border is looked at again: it is one of the window's, and the maximum stays the same.
    // The first pixel starts it all, since WGSL has no way to write −∞.
    var largest = f32(x[image + max(top, 0) * p.iw + max(left, 0)]);
    for (var dy = 0; dy < KH; dy++) {
      let row = image + clamp(top + dy, 0, p.ih - 1) * p.iw;
      for (var dx = 0; dx < KW; dx++) {
        let v = f32(x[row + clamp(left + dx, 0, p.iw - 1)]);
        // once it is NaN, no v is larger
        largest = select(largest, v, v > largest || is_nan(v));
      }
    }
    y[(plane * p.oh + at.y) * p.ow + at.x] = Elem(largest);
  }
}
