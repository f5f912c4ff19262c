// Gradient by the input of a 3×3 convolution with stride 1 and dilation 1:
//   dx[n, c, y, x] = Σ_o Σ_p Σ_q dy[n, o, y + pt − p, x + pl − q] · w[o, c', p, q]
//
// dy [N, cout, oh, ow]; w [cout, cin/groups, 3, 3], c' the channel within its group; dx [N, cin, ih, iw].
//
// This is a convolution of dy with the window turned by 180°, so it is computed like one: a thread makes 2 rows × 4 columns of TILE_C channels and
// keeps their sums in registers. For each filter it loads the 4 × 6 pixels of dy that these outputs see once, and uses each up to 9 · TILE_C times.
// Neighbouring threads make neighbouring pixels. All threads of a workgroup make the same channels, so the weights are the same for all of them: their
// addresses come from the workgroup's index and loop counters only, and compilers turn such reads into scalar loads, which cost no vector register.
#include "lib/grid.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  pt: i32,
  pl: i32,
  // blocks of 2 × 4 pixels of dx: in a row of blocks, and in an image
  blocks_w: u32,
  blocks: u32,
  // workgroups at the same pixels: groups · tiles
  jobs: u32,
  // of a group: filters; channels, and the tiles that they are dealt out to: the first `full` have TILE_C channels, the others one less
  filters: u32,
  channels: u32,
  tiles: u32,
  full: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

override WORKGROUP: u32 = 64;
// 1 … 8
override TILE_C: u32 = 8;
// all blocks lie wholly inside the image: stores need no checks
override WHOLE: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  // what the workgroup computes at its pixels; neighbouring workgroups compute something else at the same pixels
  let index = linear_workgroup(workgroup, workgroups);
  let job = index % p.jobs;
  let i = index / p.jobs * WORKGROUP + local;
  if (i >= p.n * p.blocks) {
    return;
  }
  let n = i / p.blocks;
  let block = i % p.blocks;
  let y0 = (block / p.blocks_w) * 2u;
  let x0 = (block % p.blocks_w) * 4u;

  let group = job / p.tiles;
  let tile = job % p.tiles;
  let c0 = tile * (TILE_C - 1u) + min(tile, p.full);

  // the patch of dy: 4 rows from y0 + pt − 2, 6 columns from x0 + pl − 2; what is outside of the image counts as 0
  let row = i32(y0) + p.pt - 2;
  let column = i32(x0) + p.pl - 2;
  var in_row: array<bool, 4>;
  var in_column: array<bool, 6>;
  // @unroll
  for (var r = 0u; r < 4u; r++) {
    in_row[r] = u32(row + i32(r)) < p.oh;
  }
  // @unroll
  for (var k = 0u; k < 6u; k++) {
    in_column[k] = u32(column + i32(k)) < p.ow;
  }

  // channel c, row r: sums[2 c + r]
  var sums: array<vec4f, 16>;
  // where the patch starts in filter o of dy (an address that wraps around is outside of the image, and not used), and weight [o, c0, 0, 0]
  var start = (n * p.cout + group * p.filters) * p.oh * p.ow + u32(row * i32(p.ow) + column);
  var weight = (group * p.filters * p.channels + c0) * 9u;
  for (var o = 0u; o < p.filters; o++) {
    var pixels: array<f32, 24>;
    // @unroll
    for (var r = 0u; r < 4u; r++) {
      let at = start + r * p.ow;
      // @unroll
      for (var k = 0u; k < 6u; k++) {
        pixels[r * 6u + k] = select(0.0, dy[at + k], in_row[r] && in_column[k]);
      }
    }
    // @unroll
    for (var c = 0u; c < 8u; c++) {
      if (c < TILE_C) {
        // @unroll
        for (var a = 0u; a < 3u; a++) {
          // @unroll
          for (var b = 0u; b < 3u; b++) {
            // output (r, k) meets pixel (r + a, k + b) of the patch at tap (2 − a, 2 − b)
            let tap = w[weight + c * 9u + (2u - a) * 3u + 2u - b];
            // @unroll
            for (var r = 0u; r < 2u; r++) {
              sums[c * 2u + r] += tap * vec4f(
                pixels[(r + a) * 6u + b],
                pixels[(r + a) * 6u + b + 1u],
                pixels[(r + a) * 6u + b + 2u],
                pixels[(r + a) * 6u + b + 3u],
              );
            }
          }
        }
      }
    }
    start += p.oh * p.ow;
    weight += p.channels * 9u;
  }

  // where row r of the block starts in channel c0 + c of dx: to[2 c + r]
  var to: array<u32, 16>;
  // @unroll
  for (var c = 0u; c < 8u; c++) {
    // @unroll
    for (var r = 0u; r < 2u; r++) {
      to[c * 2u + r] = (n * p.cin + group * p.channels + c0 + c) * p.ih * p.iw + (y0 + r) * p.iw + x0;
    }
  }
  // @unroll
  for (var r = 0u; r < 2u; r++) {
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      if (WHOLE || (y0 + r < p.ih && x0 + k < p.iw)) {
        // @unroll
        for (var c = 0u; c < 8u; c++) {
          if (c + 1u < TILE_C) {
            dx[to[c * 2u + r] + k] = sums[c * 2u + r][k];
          }
        }
      }
    }
  }
  if (tile < p.full) {
    // @unroll
    for (var r = 0u; r < 2u; r++) {
      // @unroll
      for (var k = 0u; k < 4u; k++) {
        if (WHOLE || (y0 + r < p.ih && x0 + k < p.iw)) {
          // @unroll
          for (var c = 0u; c < 8u; c++) {
            if (c + 1u == TILE_C) {
              dx[to[c * 2u + r] + k] = sums[c * 2u + r][k];
            }
          }
        }
      }
    }
  }
}
