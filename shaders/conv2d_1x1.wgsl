// 1×1 convolution without padding, of any stride, in one group:
//   y[n, o, i, j] = slope[o] · act(bias[o] + residual[n, o, i, j] + Σ_c x[n, c, i·sh, j·sw] · w[o, c])
//
// x [N, cin, ih, iw]; w [cout, cin]; bias, slope [cout]; residual, y [N, cout, oh, ow]. Channels may be picked by lists: lib/routes.wgsl.
//
// How the work is split. To such a convolution an image is a row of pixels, so rows and columns are forgotten. A thread computes PIXELS pixels that follow one
// another, of TILE_F filters, and keeps their sums in registers: with 4 pixels and 8 filters, it loads 4 pixels of a channel for 32 multiply-adds. It takes four
// channels at a time, because the weights of a filter for neighbouring channels lie side by side and come with one load.
// Neighbouring threads have neighbouring runs of pixels. All threads of a workgroup have the same filters if there are pixels enough:
// lib/filters.wgsl says why.
#include "lib/elem.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  sh: u32,
  // channels of x, y and residual in memory
  xc: u32,
  yc: u32,
  rc: u32,
  // pixels of a row of y, and the runs of PIXELS pixels in it; a plane counts as one row unless STRIDED
  width: u32,
  runs: u32,
  tiles: u32,
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

// 1 … 8
override PIXELS: u32 = 4;
// sh or sw is not 1
override STRIDED: bool = false;
// sw, as a constant: the compiler then sees which pixels lie side by side
override STEP: u32 = 1;
// rows of y are whole runs: stores need no checks
override WHOLE: bool = false;

// cin % CHANNELS
override REST: u32 = 0;

const MOST_F = 11u;
const MOST_PIXELS = 8u;
const CHANNELS = 4u;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let share = share_of(workgroup, workgroups, local);
  let i = share.run;
  let column = i % p.runs * PIXELS;
  var n = i / p.runs;
  var row = 0u;
  if (STRIDED) {
    row = n % p.oh;
    n /= p.oh;
  }
  if (!share.some || n >= p.n) {
    return;
  }
  let place = place_of(n, p.oh * p.ow);
  let pixel = row * p.width + column;
  if (is_rest(share.tile)) {
    for (var j = 0u; j < min(PIXELS, p.width - column); j++) {
      store_rest(place, share.tile, pixel + j);
    }
    return;
  }
  let tile = tile_of(share.tile);

  // The first pixel in channel 0 of x. Behind a row stands something else, or nothing: WebGPU keeps reads inside the buffer, and such sums are not stored.
  let plane = p.ih * p.iw;
  let at = n * p.xc * plane + row * p.sh * p.iw + column * STEP;
  // where filter f of the tile begins, and its sums
  var weights: array<u32, MOST_F>;
  var sums: array<array<f32, MOST_PIXELS>, MOST_F>;
  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    if (f < TILE_F) {
      weights[f] = (tile.first + f) * p.cin;
      let start = bias_of(tile.first + f);
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS) {
          sums[f][j] = start;
        }
      }
    }
  }
  // Channels that make no four come first, one by one: the first of them multiplies into the bias, instead of being added to it.
  // @unroll
  for (var k = 0u; k < CHANNELS - 1u; k++) {
    if (k < REST) {
      let of_channel = read_channel(k) * plane;
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS) {
          let v = f32(x[at + of_channel + j * STEP]);
          // @unroll
          for (var f = 0u; f < MOST_F; f++) {
            if (f < TILE_F) {
              sums[f][j] += f32(w[weights[f] + k]) * v;
            }
          }
        }
      }
    }
  }
  for (var c = REST; c < p.cin; c += CHANNELS) {
    var pixels: array<array<f32, MOST_PIXELS>, CHANNELS>;
    // @unroll
    for (var k = 0u; k < CHANNELS; k++) {
      let of_channel = read_channel(c + k) * plane;
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS) {
          pixels[k][j] = f32(x[at + of_channel + j * STEP]);
        }
      }
    }
    // @unroll
    for (var f = 0u; f < MOST_F; f++) {
      if (f < TILE_F) {
        let first = weights[f] + c;
        let k = vec4f(f32(w[first]), f32(w[first + 1u]), f32(w[first + 2u]), f32(w[first + 3u]));
        // @unroll
        for (var j = 0u; j < MOST_PIXELS; j++) {
          if (j < PIXELS) {
            sums[f][j] = sums[f][j] + k.x * pixels[0][j] + k.y * pixels[1][j] + k.z * pixels[2][j] + k.w * pixels[3][j];
          }
        }
      }
    }
  }

  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    if (f + 1u < TILE_F || (f + 1u == TILE_F && tile.full)) {
      let output = output_at(tile.first + f);
      // @unroll
      for (var j = 0u; j < MOST_PIXELS; j++) {
        if (j < PIXELS && (WHOLE || column + j < p.width)) {
          store(place, output, pixel + j, sums[f][j]);
        }
      }
    }
  }
}
