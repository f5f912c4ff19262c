// Gradient by the weights of a 3×3 convolution with stride 1 and dilation 1:
//   dw[o, c', a, b] = Σ_n Σ_i Σ_j dy[n, o, i, j] · x[n, c, i − pt + a, j − pl + b]
//
// x [N, cin, ih, iw]; dy [N, cout, oh, ow]; dw [cout, cin/groups, 3, 3], c' the channel within its group.
//
// Few outputs, each a sum over all pixels of the batch. The 9 taps of TILE_O filters and one channel are a job; 64 or 16 threads share its pixels. A thread
// keeps its 9 · TILE_O sums in registers and walks down strips (lib/strips.wgsl). In each row it loads the strip's pixels of dy, of TILE_O filters, and one
// new row of x, 2 pixels wider; the two rows of x above are still in registers. So a pixel of dy is used 9 times and one of x 9 · TILE_O times. Neighbouring
// threads walk down neighbouring strips, so that they read side by side.
//
// At the end the threads' sums are added (lib/add_threads.wgsl). Where jobs are too few to keep a GPU busy, several workgroups share each: every part writes
// its own copy of the sums, and conv2d_dw_add.wgsl adds the copies. Who adds what to what follows from the shapes alone.

struct Params {
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  pt: i32,
  pl: i32,
  strips_w: u32,
  strips_h: u32,
  wide: u32,
  rows: u32,
  strips: u32,
  parts: u32,
  // of a group: channels; filters, and the tiles that they are dealt out to: the first `full` have TILE_O filters, the others one less
  channels: u32,
  filters: u32,
  tiles: u32,
  full: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
// [parts, cout, channels, 3, 3]
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

#include "lib/grid.wgsl"
const ROUNDS = 5u;
#include "training/lib/add_threads.wgsl"
#include "training/lib/strips.wgsl"

// COLUMNS is 1 … 7
const MOST_COLUMNS = 7u;
const MOST_O = 8u;
override TILE_O: u32 = 8;
// all strips have COLUMNS columns
override WHOLE: bool = false;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  // a channel and a tile of the filters of its group
  let jobs = p.cin * p.tiles;
  let first = linear_workgroup(workgroup, workgroups) * JOBS;
  if (first >= jobs * p.parts) {
    return;
  }
  let job = job_of(thread);
  let lane = lane_of(thread);
  // threads without a job of their own do the last one too, and do not store it
  let index = min(first + job, jobs * p.parts - 1u);
  let part = index / jobs;
  let block = index % jobs;
  let c = block % p.cin;
  let tile = block / p.cin;
  let o0 = c / p.channels * p.filters + tile * (TILE_O - 1u) + min(tile, p.full);

  // filter o, tap (a, b): sums[9 o + 3 a + b]
  var sums: array<f32, 72>;
  for (var s = part * LANES + lane; s < p.strips; s += p.parts * LANES) {
    let strip = strip_at(s);
    // the first row and column of x that the strip meets; what is outside of the image counts as 0
    let row = i32(strip.i) - p.pt;
    let column = i32(strip.j) - p.pl;
    var in_column: array<bool, MOST_COLUMNS + 2u>;
    // @unroll
    for (var k = 0u; k < MOST_COLUMNS + 2u; k++) {
      in_column[k] = u32(column + i32(k)) < p.iw;
    }
    // an address that wraps around is outside of the image, and what is read there not used
    var x_at = (strip.n * p.cin + c) * p.ih * p.iw + u32(row * i32(p.iw) + column);
    var dy_at = ((strip.n * p.cout + o0) * p.oh + strip.i) * p.ow + strip.j;
    // the rows of x that a row of dy meets
    var pixels: array<array<f32, MOST_COLUMNS + 2u>, 3>;
    // @unroll
    for (var a = 1u; a < 3u; a++) {
      let in_row = u32(row + i32(a) - 1) < p.ih;
      // @unroll
      for (var k = 0u; k < MOST_COLUMNS + 2u; k++) {
        if (k < COLUMNS + 2u) {
          pixels[a][k] = select(0.0, x[x_at + k], in_row && in_column[k]);
        }
      }
      x_at += p.iw;
    }
    for (var r = 0u; r < p.rows; r++) {
      let in_row = u32(row + i32(r) + 2) < p.ih;
      // @unroll
      for (var k = 0u; k < MOST_COLUMNS + 2u; k++) {
        if (k < COLUMNS + 2u) {
          pixels[0][k] = pixels[1][k];
          pixels[1][k] = pixels[2][k];
          pixels[2][k] = select(0.0, x[x_at + k], in_row && in_column[k]);
        }
      }
      // @unroll
      for (var o = 0u; o < MOST_O; o++) {
        if (o < TILE_O) {
          let at = dy_at + o * p.oh * p.ow;
          // @unroll
          for (var k = 0u; k < MOST_COLUMNS; k++) {
            if (k < COLUMNS) {
              let gradient = select(0.0, dy[at + k], WHOLE || k + 1u < COLUMNS || strip.wide);
              // @unroll
              for (var a = 0u; a < 3u; a++) {
                // @unroll
                for (var b = 0u; b < 3u; b++) {
                  sums[o * 9u + a * 3u + b] += gradient * pixels[a][k + b];
                }
              }
            }
          }
        }
      }
      x_at += p.iw;
      dy_at += p.ow;
    }
  }

  // @unroll
  for (var round = 0u; round < ROUNDS; round++) {
    if (round * ROUND < 9u * TILE_O) {
      // @unroll
      for (var v = 0u; v < ROUND; v++) {
        if (round * ROUND + v < 9u * TILE_O) {
          hand_over(thread, v, sums[(round * ROUND + v) % 72u]);
        }
      }
      add_round(thread, round);
    }
  }
  if (first + job >= jobs * p.parts) {
    return;
  }
  let to = ((part * p.cout + o0) * p.channels + c % p.channels) * 9u;
  for (var i = lane; i < 9u * TILE_O; i += LANES) {
    let o = i / 9u;
    if (o + 1u < TILE_O || tile < p.full) {
      parts[to + o * p.channels * 9u + i % 9u] = total(job, i);
    }
  }
}
