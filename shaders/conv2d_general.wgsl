// Convolution with any window, stride, padding, dilation and number of groups:
//   y[n, o, i, j] = slope[o] · act(bias[o] + residual[n, o, i, j] + Σ_c Σ_p Σ_q x[n, g + c, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, c, p, q])
//
// x [N, cin, ih, iw]; w [cout, cin/groups, kh, kw]; bias, slope [cout]; residual, y [N, cout, oh, ow]; g the first channel of o's group. Where there is one
// group, channels may be picked by lists: lib/routes.wgsl.
//
// How the work is split. A thread computes PIXELS neighbours in a row of y, of TILE_F filters, and keeps their sums in registers. It goes through the window row
// by row, in every channel: it loads the run of pixels of x that its outputs see in that row, once, and multiplies them with the row's weights of each filter.
// With 4 outputs, 8 filters and 5 taps these are 8 pixels for 160 multiply-adds. Longer rows come in parts of TAPS taps.
// Where stride or dilation is so large that outputs have few pixels in common, a part is one tap, and each output's pixel is loaded by itself.
// Neighbouring threads have neighbouring runs of pixels. All threads of a workgroup have the same filters if there are pixels enough:
// lib/filters.wgsl says why.
#include "lib/elem.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  groups: u32,
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
  dilation_h: u32,
  dilation_w: u32,
  // channels of x, y and residual in memory
  xc: u32,
  yc: u32,
  rc: u32,
  // runs of PIXELS pixels in a row of y
  runs: u32,
  tiles: u32,
  // of a group
  full: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> w: array<Elem>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> slope: array<Elem>;
@group(0) @binding(5) var<storage, read> residual: array<Elem>;
@group(0) @binding(6) var<storage, read> routes: array<i32>;
@group(0) @binding(7) var<storage, read_write> y: array<Elem>;

#include "lib/filters.wgsl"

// 1 … 4
override PIXELS: u32 = 4;
// taps of a part of a window's row: 1 … 7; whether the last part has fewer
override TAPS: u32 = 1;
override RAGGED: bool = false;
// Pixels from one output's to the next one's, and from one tap's to the next one's: stride and dilation, as constants.
override STEP: u32 = 1;
override DILATION: u32 = 1;
// each output's pixel by itself: STEP, DILATION and TAPS are 1, and pixels lie sw apart
override APART: bool = false;
override SEEN: u32 = (PIXELS - 1u) * STEP + (TAPS - 1u) * DILATION + 1u;
// rows of y are whole runs: stores need no checks
override WHOLE: bool = false;

const MOST_F = 8u;
const MOST_PIXELS = 4u;
const MOST_TAPS = 7u;
const MOST_SEEN = 13u;

// Which of the loaded pixels output j sees at tap t. Places that are left out, where the constants are large, need an index inside the array too.
fn seen_by(j: u32, t: u32) -> u32 {
  return min(j * STEP + t * DILATION, MOST_SEEN - 1u);
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let share = share_of(workgroup, workgroups, local);
  let i = share.run;
  let column = i % p.runs * PIXELS;
  let row = i / p.runs % p.oh;
  let n = i / p.runs / p.oh;
  if (!share.some || n >= p.n) {
    return;
  }
  let place = place_of(n, p.oh * p.ow);
  let pixel = row * p.ow + column;
  if (is_rest(share.tile)) {
    for (var j = 0u; j < min(PIXELS, p.ow - column); j++) {
      store_rest(place, share.tile, pixel + j);
    }
    return;
  }
  let group_tiles = p.tiles / p.groups;
  let group = share.tile / group_tiles;
  let tile = tile_of(share.tile % group_tiles);
  let first = group * (p.cout / p.groups) + tile.first;
  let depth = p.cin / p.groups;

  let top = i32(row * p.sh) - p.pt;
  let left = i32(column * p.sw) - p.pl;
  // where filter f of the tile begins, and its sums
  var weights: array<u32, MOST_F>;
  var sums: array<array<f32, MOST_PIXELS>, MOST_F>;
  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    if (f < TILE_F) {
      weights[f] = (first + f) * depth * p.kh * p.kw;
      let start = bias_of(first + f);
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS) {
          sums[f][j] = start;
        }
      }
    }
  }
  let between = select(1u, p.sw, APART);
  for (var q = 0u; q < p.kw; q += TAPS) {
    // Pixels outside of the image count as 0. Their addresses may be anything, even wrap around below 0: WebGPU keeps reads inside the buffer.
    let part = left + i32(q * p.dilation_w);
    var inside: array<bool, MOST_SEEN>;
    // @unroll
    for (var k = 0u; k < MOST_SEEN; k++) {
      inside[k] = u32(part + i32(k * between)) < p.iw;
    }
    for (var c = 0u; c < depth; c++) {
      let plane = n * p.xc * p.ih * p.iw + (group * depth + read_channel(c)) * p.ih * p.iw;
      for (var a = 0u; a < p.kh; a++) {
        let from_row = top + i32(a * p.dilation_h);
        if (u32(from_row) < p.ih) {
          let at = plane + u32(from_row) * p.iw + u32(part);
          var seen: array<f32, MOST_SEEN>;
          // @unroll
          for (var k = 0u; k < MOST_SEEN; k++) {
            if (k < SEEN) {
              seen[k] = select(0.0, f32(x[at + k * between]), inside[k]);
            }
          }
          let tap = (c * p.kh + a) * p.kw + q;
          // @unroll
          for (var t = 0u; t < MOST_TAPS; t++) {
            if (t < TAPS && (!RAGGED || q + t < p.kw)) {
              // @unroll
              for (var f = 0u; f < MOST_F; f++) {
                if (f < TILE_F) {
                  let k = f32(w[weights[f] + tap + t]);
                  // @unroll
                  for (var j = 0u; j < MOST_PIXELS; j++) {
                    if (j < PIXELS) {
                      sums[f][j] += k * seen[seen_by(j, t)];
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    if (f + 1u < TILE_F || (f + 1u == TILE_F && tile.full)) {
      let output = output_at(first + f);
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS && (WHOLE || column + j < p.ow)) {
          store(place, output, pixel + j, sums[f][j]);
        }
      }
    }
  }
}
