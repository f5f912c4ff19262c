// Gradient by the input of any convolution:
//   dx[n, c, y, x] = Σ_o Σ_p Σ_q dy[n, o, (y + pt − p·dilation_h) / sh, (x + pl − q·dilation_w) / sw] · w[o, c', p, q],
// over the taps (p, q) whose quotients have no remainder and lie inside of dy
//
// dy [N, cout, oh, ow]; w [cout, cin/groups, kh, kw], c' the channel within its group; dx [N, cin, ih, iw].
//
// Which taps have no remainder depends on y modulo sh and x modulo sw only. So the pixels of dx fall into sh · sw classes, each a coarser image, and a
// workgroup works on one class: taps that do not fit are skipped by all of its threads at once. Within a class neighbouring pixels meet neighbouring
// pixels of dy, as with stride 1. A thread makes 4 or 8 pixels of a row of the class, of TILE_C channels; the weights are the same for the whole workgroup.
#include "lib/grid.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  kh: u32,
  kw: u32,
  sh: u32,
  sw: u32,
  pt: i32,
  pl: i32,
  dilation_h: i32,
  dilation_w: i32,
  // runs of 4 · QUADS pixels of a class: in a row, and in an image
  runs_w: u32,
  runs: u32,
  // workgroups at the same pixels: classes · groups · tiles
  jobs: u32,
  groups: u32,
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
// 1 or 2
override QUADS: u32 = 2;

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
  let run = i % p.runs;
  // row and first column within the class
  let u = run / p.runs_w;
  let v = run % p.runs_w * 4u * QUADS;

  let tile = job % p.tiles;
  let group = job / p.tiles % p.groups;
  let class_y = job / p.tiles / p.groups / p.sw;
  let class_x = job / p.tiles / p.groups % p.sw;
  let c0 = tile * (TILE_C - 1u) + min(tile, p.full);

  // channel c, quad q: sums[2 c + q]
  var sums: array<vec4f, 16>;
  let taps = p.kh * p.kw;
  let first = (n * p.cout + group * p.filters) * p.oh * p.ow;
  for (var a = 0u; a < p.kh; a++) {
    // y = sh · u + class_y, so the row of dy is u + (class_y + pt − a · dilation_h) / sh
    let rise = i32(class_y) + p.pt - i32(a) * p.dilation_h;
    if (rise % i32(p.sh) != 0) {
      continue;
    }
    let row = i32(u) + rise / i32(p.sh);
    let in_row = u32(row) < p.oh;
    for (var b = 0u; b < p.kw; b++) {
      let shift = i32(class_x) + p.pl - i32(b) * p.dilation_w;
      if (shift % i32(p.sw) != 0) {
        continue;
      }
      let column = i32(v) + shift / i32(p.sw);
      var inside: array<vec4<bool>, 2>;
      // @unroll
      for (var q = 0u; q < 2u; q++) {
        let columns = vec4u(u32(column) + 4u * q) + vec4u(0u, 1u, 2u, 3u);
        inside[q] = (columns < vec4u(p.ow)) & vec4<bool>(in_row);
      }
      // dy [n, o, row, column], where an address that wraps around is outside of the image and not used, and w [o, c0, a, b]
      var at = first + u32(row * i32(p.ow) + column);
      var weight = (group * p.filters * p.channels + c0) * taps + a * p.kw + b;
      for (var o = 0u; o < p.filters; o++) {
        // @unroll
        for (var q = 0u; q < 2u; q++) {
          if (q < QUADS) {
            let quad = vec4f(dy[at + 4u * q], dy[at + 4u * q + 1u], dy[at + 4u * q + 2u], dy[at + 4u * q + 3u]);
            let pixels = select(vec4f(), quad, inside[q]);
            // @unroll
            for (var c = 0u; c < 8u; c++) {
              if (c < TILE_C) {
                sums[c * 2u + q] += w[weight + c * taps] * pixels;
              }
            }
          }
        }
        at += p.oh * p.ow;
        weight += p.channels * taps;
      }
    }
  }

  let y = u * p.sh + class_y;
  // dx [n, c0 + c, y, 0]
  var to: array<u32, 8>;
  // @unroll
  for (var c = 0u; c < 8u; c++) {
    to[c] = ((n * p.cin + group * p.channels + c0 + c) * p.ih + y) * p.iw;
  }
  // @unroll
  for (var k = 0u; k < 8u; k++) {
    let x = (v + k) * p.sw + class_x;
    if (k < 4u * QUADS && y < p.ih && x < p.iw) {
      // @unroll
      for (var c = 0u; c < 8u; c++) {
        if (c + 1u < TILE_C || (c + 1u == TILE_C && tile < p.full)) {
          dx[to[c] + x] = sums[c * 2u + k / 4u][k % 4u];
        }
      }
    }
  }
}
