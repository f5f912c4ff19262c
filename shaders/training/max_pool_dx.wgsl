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

// A pixel of a window and its value.
struct Pixel {
  row: i32,
  column: i32,
  value: f32,
}

// Outside the image the pixel at its border is taken. Where a window hangs over the border, that is one of the window's own, and not larger than itself.
fn pixel(plane: u32, row: i32, column: i32) -> Pixel {
  let r = clamp(row, 0, p.ih - 1);
  let q = clamp(column, 0, p.iw - 1);
  return Pixel(r, q, x[pixel_at(plane, r, q)]);
}

fn larger(a: Pixel, b: Pixel) -> Pixel {
  let wins = b.value > a.value;
  return Pixel(select(a.row, b.row, wins), select(a.column, b.column, wins), select(a.value, b.value, wins));
}

// The first largest pixel of window (i, j). A NaN wins only as the first pixel.
fn winner_of(plane: u32, i: i32, j: i32) -> Pixel {
  let top = i * SH - p.pt;
  let left = j * SW - p.pl;
  var winner = pixel(plane, top, left);
  if (KH <= SMALL && KW <= SMALL) {
    // @unroll
    for (var r = 0; r < SMALL; r++) {
      // @unroll
      for (var q = 0; q < SMALL; q++) {
        if (r < KH && q < KW && r + q > 0) {
          winner = larger(winner, pixel(plane, top + r, left + q));
        }
      }
    }
  } else {
    for (var r = 0; r < KH; r++) {
      for (var q = 0; q < KW; q++) {
        winner = larger(winner, pixel(plane, top + r, left + q));
      }
    }
  }
  return winner;
}

// The corner of the thread's cell; may lie in the padding.
struct Corner {
  plane: u32,
  row: i32,
  column: i32,
}

fn write(corner: Corner, r: i32, q: i32, winner: Pixel, g: f32) {
  let row = corner.row + r;
  let column = corner.column + q;
  if (row >= 0 && row < p.ih && column >= 0 && column < p.iw) {
    dx[pixel_at(corner.plane, row, column)] = select(0.0, g, row == winner.row && column == winner.column);
  }
}

// g for the winner, if it is in the cell, and zeros for the cell's other pixels.
fn write_cell(corner: Corner, winner: Pixel, g: f32) {
  if (SH <= SMALL && SW <= SMALL) {
    // @unroll
    for (var r = 0; r < SMALL; r++) {
      // @unroll
      for (var q = 0; q < SMALL; q++) {
        if (r < SH && q < SW) {
          write(corner, r, q, winner, g);
        }
      }
    }
  } else {
    for (var r = 0; r < SH; r++) {
      for (var q = 0; q < SW; q++) {
        write(corner, r, q, winner, g);
      }
    }
  }
}

// g more for the winner, if it is in the cell.
fn add_to_cell(corner: Corner, winner: Pixel, g: f32) {
  let row = winner.row - corner.row;
  let column = winner.column - corner.column;
  if (row >= 0 && row < SH && column >= 0 && column < SW) {
    dx[pixel_at(corner.plane, winner.row, winner.column)] += g;
  }
}

@compute @workgroup_size(WIDTH, HEIGHT, PLANES)
fn main(@builtin(global_invocation_id) at: vec3u) {
  let corner = Corner(at.z, i32(at.y) * SH - p.pt, i32(at.x) * SW - p.pl);
  if (corner.plane >= p.planes || corner.row >= p.ih || corner.column >= p.iw) {
    return;
  }
  // the first window writes the whole cell, the others, where windows overlap, add to it
  let i = i32(at.y) - REACH_H + 1;
  let j = i32(at.x) - REACH_W + 1;
  write_cell(corner, winner_of(corner.plane, i, j), select(0.0, dy[window_at(corner.plane, i, j)], is_window(i, j)));
  if (REACH_H > 1 || REACH_W > 1) {
    for (var a = 0; a < REACH_H; a++) {
      for (var b = 0; b < REACH_W; b++) {
        if (a + b > 0 && is_window(i + a, j + b)) {
          add_to_cell(corner, winner_of(corner.plane, i + a, j + b), dy[window_at(corner.plane, i + a, j + b)]);
        }
      }
    }
  }
}
