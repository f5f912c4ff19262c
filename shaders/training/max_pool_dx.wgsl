// The gradient of max_pool: each window's dy goes to the first of its largest pixels, row by row.
// x, dx [planes, ih, iw], dy [planes, oh, ow]; a plane is a channel of an example.
//
// Work: a cell a thread (training/lib/cells.wgsl). It finds the winner of each window that reaches into its cell, and keeps what falls inside.
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
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

// Row and column of the first largest pixel of window (i, j). A NaN wins only as the first pixel.
fn winner_of(plane: u32, i: i32, j: i32) -> vec2i {
  let top = i * SH - p.pt;
  let left = j * SW - p.pl;
  var winner = vec2i(max(0, top), max(0, left));
  var largest = x[pixel_at(plane, winner.x, winner.y)];
  for (var r = 0; r < KH; r++) {
    for (var q = 0; q < KW; q++) {
      // Where the window hangs over the border, the pixel at the border is looked at again: it is not larger than itself.
      let here = vec2i(clamp(top + r, 0, p.ih - 1), clamp(left + q, 0, p.iw - 1));
      let v = x[pixel_at(plane, here.x, here.y)];
      winner = select(winner, here, v > largest);
      largest = select(largest, v, v > largest);
    }
  }
  return winner;
}

// Writes g to the winner, if it is in the cell, and zeros to the cell's other pixels.
fn write_cell(plane: u32, cell: Cell, winner: vec2i, g: f32) {
  for (var r = 0; r < SH; r++) {
    for (var q = 0; q < SW; q++) {
      let row = cell.row + r;
      let column = cell.column + q;
      if (in_image(row, column)) {
        dx[pixel_at(plane, row, column)] = select(0.0, g, winner.x == row && winner.y == column);
      }
    }
  }
}

fn compute_cell(plane: u32, cell: Cell) {
  if (cell.i_first > cell.i_last || cell.j_first > cell.j_last) {
    write_cell(plane, cell, vec2i(-1), 0.0);
    return;
  }
  for (var i = cell.i_first; i <= cell.i_last; i++) {
    for (var j = cell.j_first; j <= cell.j_last; j++) {
      let winner = winner_of(plane, i, j);
      let g = dy[window_at(plane, i, j)];
      let place = winner - vec2i(cell.row, cell.column);
      if (i == cell.i_first && j == cell.j_first) {
        write_cell(plane, cell, winner, g);
      } else if (all(place >= vec2i(0)) && place.x < SH && place.y < SW) {
        dx[pixel_at(plane, winner.x, winner.y)] += g;
      }
    }
  }
}

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let cell = cell_at(i32(at.y), i32(at.x));
  if (cell.row >= p.ih || cell.column >= p.iw) {
    return;
  }
  for (var plane = at.z; plane < p.planes; plane += workgroups.z * PLANES) {
    compute_cell(plane, cell);
  }
}
