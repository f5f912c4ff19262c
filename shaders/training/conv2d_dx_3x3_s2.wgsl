// Gradient by the input of a 3×3 convolution with stride 2 and dilation 1:
//   dx[n, c, y, x] = Σ_o Σ_p Σ_q dy[n, o, (y + pt − p) / 2, (x + pl − q) / 2] · w[o, c', p, q], over the taps (p, q) whose quotients have no remainder
//
// dy [N, cout, oh, ow]; w [cout, cin/groups, 3, 3], c' the channel within its group; dx [N, cin, ih, iw].
//
// Where y + pt is odd only the middle row of the window fits (p = 1); where it is even the two outer ones do (p = 0, 2); likewise for columns. So four
// neighbouring pixels of dx together use each of the 9 taps once. A thread makes a block of 2 × 4 pixels of TILE_C channels that starts where y + pt and
// x + pl are odd; which tap meets which pixel is then the same for all threads, and 2 × 3 pixels of dy serve the whole block:
//
//   columns of the block            0        1        2        3
//   column of dy · column of w    0 · 1  0 · 2, 1 · 0  1 · 1  1 · 2, 2 · 0       (rows: the first two of these)
//
// The weights are the same for the whole workgroup, as in conv2d_dx_3x3.wgsl.
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
  let group = job / p.tiles;
  let tile = job % p.tiles;
  let c0 = tile * (TILE_C - 1u) + min(tile, p.full);

  // the block starts in row −1 or column −1 where the padding is even
  let y0 = i32(block / p.blocks_w) * 2 - ((p.pt + 1) & 1);
  let x0 = i32(block % p.blocks_w) * 4 - ((p.pl + 1) & 1);
  // where its patch of dy starts; both sums are even
  let row = (y0 + p.pt - 1) / 2;
  let column = (x0 + p.pl - 1) / 2;
  var in_row: array<bool, 2>;
  var in_column: array<bool, 3>;
  // @unroll
  for (var r = 0u; r < 2u; r++) {
    in_row[r] = u32(row + i32(r)) < p.oh;
  }
  // @unroll
  for (var k = 0u; k < 3u; k++) {
    in_column[k] = u32(column + i32(k)) < p.ow;
  }

  // channel c, row r: sums[2 c + r]
  var sums: array<vec4f, 16>;
  // where the patch starts in filter o of dy (an address that wraps around is outside of the image, and not used), and weight [o, c0, 0, 0]
  var start = (n * p.cout + group * p.filters) * p.oh * p.ow + u32(row * i32(p.ow) + column);
  var weight = (group * p.filters * p.channels + c0) * 9u;
  for (var o = 0u; o < p.filters; o++) {
    var pixels: array<vec3f, 2>;
    // @unroll
    for (var r = 0u; r < 2u; r++) {
      let at = start + r * p.ow;
      // @unroll
      for (var k = 0u; k < 3u; k++) {
        pixels[r][k] = select(0.0, dy[at + k], in_row[r] && in_column[k]);
      }
    }
    // @unroll
    for (var c = 0u; c < 8u; c++) {
      if (c < TILE_C) {
        let at = weight + c * 9u;
        let top = vec3f(w[at], w[at + 1u], w[at + 2u]);
        let middle = vec3f(w[at + 3u], w[at + 4u], w[at + 5u]);
        let bottom = vec3f(w[at + 6u], w[at + 7u], w[at + 8u]);
        sums[c * 2u] += middle.yzyz * pixels[0].xxyy;
        sums[c * 2u].y += middle.x * pixels[0].y;
        sums[c * 2u].w += middle.x * pixels[0].z;
        sums[c * 2u + 1u] += top.yzyz * pixels[1].xxyy;
        sums[c * 2u + 1u].y += top.x * pixels[1].y;
        sums[c * 2u + 1u].w += top.x * pixels[1].z;
        sums[c * 2u + 1u] += bottom.yzyz * pixels[0].xxyy;
        sums[c * 2u + 1u].y += bottom.x * pixels[0].y;
        sums[c * 2u + 1u].w += bottom.x * pixels[0].z;
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
      to[c * 2u + r] = (n * p.cin + group * p.channels + c0 + c) * p.ih * p.iw + u32((y0 + i32(r)) * i32(p.iw) + x0);
    }
  }
  // @unroll
  for (var r = 0u; r < 2u; r++) {
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      if (WHOLE || (u32(y0 + i32(r)) < p.ih && u32(x0 + i32(k)) < p.iw)) {
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
        if (WHOLE || (u32(y0 + i32(r)) < p.ih && u32(x0 + i32(k)) < p.iw)) {
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
