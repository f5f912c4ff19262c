// The gradient of avg_pool: each pixel gets Σ dy / divisor over the windows that cover it. The divisor is the window's size, or where EXCLUDE_PADDING the
// count of its pixels in the image. dx [planes, ih, iw], dy [planes, oh, ow]; a plane is a channel of an example.
//
// Work: a pixel a thread, which asks the windows that reach into its cell (training/lib/cells.wgsl) whether they cover it.
#include "training/lib/cells.wgsl"

struct Params {
  planes: u32,
  ih: i32,
  iw: i32,
  oh: i32,
  ow: i32,
  pt: i32,
  pl: i32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;

override EXCLUDE_PADDING: bool = false;

// How many of `extent` pixels from `start` on lie in an image of `size`.
fn count_inside(start: i32, extent: i32, size: i32) -> i32 {
  return min(size, start + extent) - max(0, start);
}

fn divisor_of(i: i32, j: i32) -> f32 {
  if (EXCLUDE_PADDING) {
    return f32(count_inside(i * SH - p.pt, KH, p.ih) * count_inside(j * SW - p.pl, KW, p.iw));
  }
  return f32(KH * KW);
}

// What a pixel gets from window (i, j), whether there is one or not.
fn share_of(plane: u32, i: i32, j: i32, row: i32, column: i32) -> f32 {
  let covers = is_window(i, j) && row < i * SH - p.pt + KH && column < j * SW - p.pl + KW;
  return select(0.0, dy[window_at(plane, i, j)] / divisor_of(i, j), covers);
}

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u) {
  let plane = at.z;
  let row = i32(at.y);
  let column = i32(at.x);
  if (plane >= p.planes || row >= p.ih || column >= p.iw) {
    return;
  }
  // the last windows that may cover it
  let i = (row + p.pt) / SH;
  let j = (column + p.pl) / SW;
  var sum = 0.0;
  if (REACH_H <= SMALL && REACH_W <= SMALL) {
    // @unroll
    for (var a = 0; a < SMALL; a++) {
      // @unroll
      for (var b = 0; b < SMALL; b++) {
        if (a < REACH_H && b < REACH_W) {
          sum += share_of(plane, i - a, j - b, row, column);
        }
      }
    }
  } else {
    for (var a = 0; a < REACH_H; a++) {
      for (var b = 0; b < REACH_W; b++) {
        sum += share_of(plane, i - a, j - b, row, column);
      }
    }
  }
  dx[pixel_at(plane, row, column)] = sum;
}
