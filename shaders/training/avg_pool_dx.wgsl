// The gradient of avg_pool: each pixel gets Σ dy / divisor over the windows that cover it. The divisor is the window's size, or where EXCLUDE_PADDING the
// count of its pixels in the image. dx [planes, ih, iw], dy [planes, oh, ow]; a plane is a channel of an example.
//
// Work: a cell a thread (training/lib/cells.wgsl).
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

// What a pixel of window (i, j) gets from it.
fn share_of(plane: u32, i: i32, j: i32) -> f32 {
  let g = dy[window_at(plane, i, j)];
  if (EXCLUDE_PADDING) {
    return g / f32(count_inside(i * SH - p.pt, KH, p.ih) * count_inside(j * SW - p.pl, KW, p.iw));
  }
  return g / f32(KH * KW);
}

// Σ over the windows that cover a pixel of the cell.
fn sum_at(plane: u32, cell: Cell, row: i32, column: i32) -> f32 {
  var sum = 0.0;
  for (var i = cell.i_first; i <= cell.i_last; i++) {
    for (var j = cell.j_first; j <= cell.j_last; j++) {
      if (row < i * SH - p.pt + KH && column < j * SW - p.pl + KW) {
        sum += share_of(plane, i, j);
      }
    }
  }
  return sum;
}

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let cell = cell_at(i32(at.y), i32(at.x));
  if (cell.row >= p.ih || cell.column >= p.iw) {
    return;
  }
  for (var plane = at.z; plane < p.planes; plane += workgroups.z * PLANES) {
    for (var r = 0; r < SH; r++) {
      for (var q = 0; q < SW; q++) {
        let row = cell.row + r;
        let column = cell.column + q;
        if (in_image(row, column)) {
          dx[pixel_at(plane, row, column)] = sum_at(plane, cell, row, column);
        }
      }
    }
  }
}
