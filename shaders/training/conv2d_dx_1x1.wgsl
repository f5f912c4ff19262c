// Gradient by the input of a 1×1 convolution without padding, of any stride:
//   dx[n, c, i·sh, j·sw] = Σ_o dy[n, o, i, j] · w[o, c'], and 0 at the pixels between
//
// dy [N, cout, oh, ow]; w [cout, cin/groups, 1, 1], c' the channel within its group; dx [N, cin, ih, iw].
//
// A product of matrices for each image: channels × filters times filters × pixels. A thread makes 4 or 8 pixels that follow one another, of TILE_C
// channels, and keeps the sums in registers: for each filter it loads its pixels of dy and uses each TILE_C times. The weights of a filter lie side by
// side and are the same for the whole workgroup: their addresses come from the workgroup's index and loop counters only, so compilers load them as
// scalars.
#include "lib/grid.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  sh: u32,
  sw: u32,
  // runs of 4 · QUADS pixels in an image of dy
  runs: u32,
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
// 1 … 16
override TILE_C: u32 = 16;
// 1 or 2
override QUADS: u32 = 2;
// images are whole runs of pixels: stores need no checks
override WHOLE: bool = false;
// sh or sw is not 1
override STRIDED: bool = false;

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
  if (i >= p.n * p.runs) {
    return;
  }
  let n = i / p.runs;
  let first = (i % p.runs) * 4u * QUADS;
  let group = job / p.tiles;
  let tile = job % p.tiles;
  let c0 = tile * (TILE_C - 1u) + min(tile, p.full);

  // channel c, quad q: sums[2 c + q]
  var sums: array<vec4f, 32>;
  let pixels = p.oh * p.ow;
  // dy [n, o, first] and w [o, c0]. What is read behind the end of an image goes into sums that are not stored.
  var at = (n * p.cout + group * p.filters) * pixels + first;
  var weight = group * p.filters * p.channels + c0;
  for (var o = 0u; o < p.filters; o++) {
    // @unroll
    for (var q = 0u; q < 2u; q++) {
      if (q < QUADS) {
        let quad = vec4f(dy[at + 4u * q], dy[at + 4u * q + 1u], dy[at + 4u * q + 2u], dy[at + 4u * q + 3u]);
        // @unroll
        for (var c = 0u; c < 16u; c++) {
          if (c < TILE_C) {
            sums[c * 2u + q] += w[weight + c] * quad;
          }
        }
      }
    }
    at += pixels;
    weight += p.channels;
  }

  let plane = p.ih * p.iw;
  // dx [n, c0 + c, 0, 0]
  var to: array<u32, 16>;
  // @unroll
  for (var c = 0u; c < 16u; c++) {
    to[c] = (n * p.cin + group * p.channels + c0 + c) * plane;
  }
  let last = tile < p.full;
  if (!STRIDED) {
    // @unroll
    for (var k = 0u; k < 8u; k++) {
      if (k < 4u * QUADS && (WHOLE || first + k < pixels)) {
        // @unroll
        for (var c = 0u; c < 16u; c++) {
          if (c + 1u < TILE_C) {
            dx[to[c] + first + k] = sums[c * 2u + k / 4u][k % 4u];
          }
        }
      }
    }
    if (last) {
      // @unroll
      for (var k = 0u; k < 8u; k++) {
        if (k < 4u * QUADS && (WHOLE || first + k < pixels)) {
          // @unroll
          for (var c = 0u; c < 16u; c++) {
            if (c + 1u == TILE_C) {
              dx[to[c] + first + k] = sums[c * 2u + k / 4u][k % 4u];
            }
          }
        }
      }
    }
    return;
  }
  // each pixel of dy fills the sh × sw pixels of dx that start at its own
  // @unroll
  for (var k = 0u; k < 8u; k++) {
    if (k < 4u * QUADS) {
      let y0 = (first + k) / p.ow * p.sh;
      let x0 = (first + k) % p.ow * p.sw;
      for (var y = y0; y < min(y0 + p.sh, p.ih); y++) {
        for (var x = x0; x < min(x0 + p.sw, p.iw); x++) {
          let own = y == y0 && x == x0;
          // @unroll
          for (var c = 0u; c < 16u; c++) {
            if (c + 1u < TILE_C || (c + 1u == TILE_C && last)) {
              dx[to[c] + y * p.iw + x] = select(0.0, sums[c * 2u + k / 4u][k % 4u], own);
            }
          }
        }
      }
    }
  }
}
