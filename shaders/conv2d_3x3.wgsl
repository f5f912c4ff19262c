// 3×3 convolution with stride 1 or 2, dilation 1 and one group:
//   y[n, o, i, j] = slope[o] · act(bias[o] + residual[n, o, i, j] + Σ_c Σ_p Σ_q x[n, c, i·s − pt + p, j·s − pl + q] · w[o, c, p, q])
//
// x [N, cin, ih, iw]; w [cout, cin, 3, 3]; bias, slope [cout]; residual, y [N, cout, oh, ow]. Channels may be picked by lists: lib/routes.wgsl.
//
// How the work is split. A thread computes a strip of y: ROWS pixels of one column, of TILE_F filters. Their sums stay in registers while it goes through the
// channels of x. Of each it loads the (ROWS − 1) · s + 3 rows of 3 pixels that the strip sees, once, and multiplies them with the 9 weights of each filter: with
// 8 rows and 4 filters, 288 multiply-adds for 30 pixels.
// Neighbouring threads compute neighbouring columns, so that what they load at once lies side by side in memory. Columns, strips and examples are counted
// through, which fills workgroups whatever the image's size is. All threads of a workgroup have the same filters if there are pixels enough:
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
  pt: i32,
  pl: i32,
  // channels of x, y and residual in memory
  xc: u32,
  yc: u32,
  rc: u32,
  // strips of a column of y
  strips: u32,
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

// 1 or 2
override STRIDE: u32 = 1;
// rows of y in a strip, 1 … 8; and of x that it sees
override ROWS: u32 = 4;
override SEEN: u32 = (ROWS - 1u) * STRIDE + 3u;

const MOST_F = 8u;
const MOST_ROWS = 8u;
const MOST_SEEN = 2u * MOST_ROWS + 1u;

fn add_row(sum: f32, a: f32, b: f32, c: f32, pixels: vec3f) -> f32 {
  return sum + a * pixels.x + b * pixels.y + c * pixels.z;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let share = share_of(workgroup, workgroups, local);
  let i = share.run;
  let column = i % p.ow;
  let strip = i / p.ow % p.strips;
  let n = i / p.ow / p.strips;
  if (!share.some || n >= p.n) {
    return;
  }
  let row = strip * ROWS;
  let place = place_of(n, p.oh * p.ow);
  let pixel = row * p.ow + column;
  if (is_rest(share.tile)) {
    for (var r = 0u; r < min(ROWS, p.oh - row); r++) {
      store_rest(place, share.tile, pixel + r * p.ow);
    }
    return;
  }
  let tile = tile_of(share.tile);

  // Pixels outside of the image count as 0. Their addresses may be anything, even wrap around below 0: WebGPU keeps reads inside the buffer.
  let top = i32(row * STRIDE) - p.pt;
  let left = i32(column * STRIDE) - p.pl;
  let columns_inside = vec3u(vec3i(left, left + 1, left + 2)) < vec3u(p.iw);
  var inside: array<vec3<bool>, MOST_SEEN>;
  var at: array<u32, MOST_SEEN>;
  // @unroll
  for (var r = 0u; r < MOST_SEEN; r++) {
    if (r < SEEN) {
      inside[r] = columns_inside & vec3<bool>(u32(top + i32(r)) < p.ih);
      at[r] = n * p.xc * p.ih * p.iw + u32((top + i32(r)) * i32(p.iw) + left);
    }
  }

  // where filter f of the tile begins, and its sums
  var weights: array<u32, MOST_F>;
  var sums: array<array<f32, MOST_ROWS>, MOST_F>;
  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    if (f < TILE_F) {
      weights[f] = (tile.first + f) * p.cin * 9u;
      let start = bias_of(tile.first + f);
      // @unroll
      for (var r = 0u; r < MOST_ROWS; r++) {
        if (r < ROWS) {
          sums[f][r] = start;
        }
      }
    }
  }
  // the weights for channel c: 9 · c, but compilers would multiply for each filter
  var window = 0u;
  for (var c = 0u; c < p.cin; c++) {
    let plane = read_channel(c) * p.ih * p.iw;
    var seen: array<vec3f, MOST_SEEN>;
    // @unroll
    for (var r = 0u; r < MOST_SEEN; r++) {
      if (r < SEEN) {
        let first = at[r] + plane;
        seen[r] = select(vec3f(), vec3f(f32(x[first]), f32(x[first + 1u]), f32(x[first + 2u])), inside[r]);
      }
    }
    // @unroll
    for (var f = 0u; f < MOST_F; f++) {
      if (f < TILE_F) {
        let k = weights[f] + window;
        // @unroll
        for (var a = 0u; a < 3u; a++) {
          // @unroll
          for (var r = 0u; r < MOST_ROWS; r++) {
            if (r < ROWS) {
              sums[f][r] = add_row(sums[f][r], f32(w[k + 3u * a]), f32(w[k + 3u * a + 1u]), f32(w[k + 3u * a + 2u]), seen[r * STRIDE + a]);
            }
          }
        }
      }
    }
    window += 9u;
  }

  var outputs: array<Output, MOST_F>;
  // @unroll
  for (var f = 0u; f < MOST_F; f++) {
    outputs[f] = output_at(tile.first + f);
  }
  // @unroll
  for (var r = 0u; r < MOST_ROWS; r++) {
    if (r < ROWS && row + r < p.oh) {
      // @unroll
      for (var f = 0u; f < MOST_F; f++) {
        if (f + 1u < TILE_F || (f + 1u == TILE_F && tile.full)) {
          store(place, outputs[f], pixel + r * p.ow, sums[f][r]);
        }
      }
    }
  }
}
