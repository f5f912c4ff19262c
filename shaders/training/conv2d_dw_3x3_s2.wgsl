// Gradient by the weights of a 3×3 convolution with stride 2 and dilation 1:
//   dw[o, c', a, b] = Σ_n Σ_i Σ_j dy[n, o, i, j] · x[n, c, 2 i − pt + a, 2 j − pl + b]
//
// x [N, cin, ih, iw]; dy [N, cout, oh, ow]; dw [cout, cin/groups, 3, 3], c' the channel within its group.
//
// As conv2d_dw_3x3.wgsl, which says how the work is split. A strip of COLUMNS columns of dy meets 2 · COLUMNS + 1 columns of x, and from one row of dy to
// the next x moves on by two rows: one of the three is still in registers.

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

// COLUMNS is 1 … 4
const MOST_COLUMNS = 4u;
const MOST_O = 8u;
override TILE_O: u32 = 8;
// all strips have COLUMNS columns
override WHOLE: bool = false;
// at most one pixel of padding on each side, so that what is outside of the image meets outer taps only
override THIN: bool = false;
// rows below the image are met at all
override BELOW: bool = true;

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
    let row = 2 * i32(strip.i) - p.pt;
    let column = 2 * i32(strip.j) - p.pl;
    var in_column: array<bool, 2u * MOST_COLUMNS + 1u>;
    // @unroll
    for (var k = 0u; k < 2u * MOST_COLUMNS + 1u; k++) {
      // the outer taps of a strip's outer columns; a strip that is not wide ends one column of dy earlier
      let inner = k > 0u && k < select(2u * COLUMNS - 2u, 2u * COLUMNS, WHOLE);
      in_column[k] = (THIN && inner) || u32(column + i32(k)) < p.iw;
    }
    // an address that wraps around is outside of the image, and what is read there not used
    var x_at = (strip.n * p.cin + c) * p.ih * p.iw + u32(row * i32(p.iw) + column);
    var dy_at = ((strip.n * p.cout + o0) * p.oh + strip.i) * p.ow + strip.j;
    // the rows of x that a row of dy meets
    var pixels: array<array<f32, 2u * MOST_COLUMNS + 1u>, 3>;
    // @unroll
    for (var k = 0u; k < 2u * MOST_COLUMNS + 1u; k++) {
      if (k < 2u * COLUMNS + 1u) {
        pixels[2][k] = select(0.0, x[x_at + k], u32(row) < p.ih && in_column[k]);
      }
    }
    x_at += p.iw;
    for (var r = 0u; r < p.rows; r++) {
      // @unroll
      for (var a = 0u; a < 3u; a++) {
        let in_row = (THIN && (a == 1u || !BELOW)) || u32(row + i32(2u * r + a)) < p.ih;
        // @unroll
        for (var k = 0u; k < 2u * MOST_COLUMNS + 1u; k++) {
          if (k < 2u * COLUMNS + 1u) {
            if (a == 0u) {
              pixels[0][k] = pixels[2][k];
            } else {
              pixels[a][k] = select(0.0, x[x_at + k], in_row && in_column[k]);
            }
          }
        }
        if (a > 0u) {
          x_at += p.iw;
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
                  sums[o * 9u + a * 3u + b] += gradient * pixels[a][2u * k + b];
                }
              }
            }
          }
        }
      }
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
