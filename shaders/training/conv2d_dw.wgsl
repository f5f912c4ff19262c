// Gradient by the weights of any convolution:
//   dw[o, c', a, b] = Σ_n Σ_i Σ_j dy[n, o, i, j] · x[n, c, i·sh − pt + a·dilation_h, j·SW − pl + b·DILATION_W]
//
// x [N, cin, ih, iw]; dy [N, cout, oh, ow]; dw [cout, cin/groups, kh, kw], c' the channel within its group.
//
// As conv2d_dw_3x3.wgsl, which says how the work is split, but a workgroup computes TILE_B taps of one row of the window. In each row of a strip a thread
// loads the strip's pixels of dy, of TILE_O filters, and the pixels of x that these taps meet. Where taps overlap (the second column's first tap meets the
// pixel of the first column's second one) it takes them from there.

struct Params {
  cin: u32,
  cout: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  kh: u32,
  kw: u32,
  sh: i32,
  pt: i32,
  pl: i32,
  dilation_h: i32,
  strips_w: u32,
  strips_h: u32,
  wide: u32,
  rows: u32,
  strips: u32,
  parts: u32,
  // of a group: channels; filters, and the tiles that they are dealt out to: the first `full_o` have TILE_O filters, the others one less
  channels: u32,
  filters: u32,
  tiles_o: u32,
  full_o: u32,
  // the same of the taps of a row of the window
  tiles_b: u32,
  full_b: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
// [parts, cout, channels, kh, kw]
@group(0) @binding(3) var<storage, read_write> parts: array<f32>;

#include "lib/grid.wgsl"
const ROUNDS = 4u;
#include "training/lib/add_threads.wgsl"
#include "training/lib/strips.wgsl"

// COLUMNS is 1 … 4
const MOST_COLUMNS = 4u;
const MOST_O = 8u;
const MOST_B = 8u;
override TILE_O: u32 = 8;
override TILE_B: u32 = 5;
// p.sw and p.dilation_w, as constants
override SW: u32 = 1;
override DILATION_W: u32 = 1;
// all strips have COLUMNS columns
override WHOLE: bool = false;

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  // a channel, a tile of the filters of its group, a tile of taps, a row of the window
  let jobs = p.cin * p.tiles_o * p.tiles_b * p.kh;
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
  let tile_o = block / p.cin % p.tiles_o;
  let tile_b = block / p.cin / p.tiles_o % p.tiles_b;
  let a = block / p.cin / p.tiles_o / p.tiles_b;
  let o0 = c / p.channels * p.filters + tile_o * (TILE_O - 1u) + min(tile_o, p.full_o);
  let b0 = tile_b * (TILE_B - 1u) + min(tile_b, p.full_b);

  // filter o, tap b: sums[8 o + b]
  var sums: array<f32, MOST_O * MOST_B>;
  for (var s = part * LANES + lane; s < p.strips; s += p.parts * LANES) {
    let strip = strip_at(s);
    // the first row and column of x that the taps meet; what is outside of the image counts as 0
    let row = i32(strip.i) * p.sh - p.pt + i32(a) * p.dilation_h;
    let column = i32(strip.j * SW + b0 * DILATION_W) - p.pl;
    // an address that wraps around is outside of the image, and what is read there not used
    var x_at = (strip.n * p.cin + c) * p.ih * p.iw + u32(row * i32(p.iw) + column);
    var dy_at = ((strip.n * p.cout + o0) * p.oh + strip.i) * p.ow + strip.j;
    for (var r = 0u; r < p.rows; r++) {
      let in_row = u32(row + i32(r) * p.sh) < p.ih;
      // column k, tap b
      var pixels: array<array<f32, MOST_B>, MOST_COLUMNS>;
      // @unroll
      for (var k = 0u; k < MOST_COLUMNS; k++) {
        // @unroll
        for (var b = 0u; b < MOST_B; b++) {
          if (k < COLUMNS && b < TILE_B) {
            if (k > 0u && SW == DILATION_W && b + 1u < TILE_B) {
              pixels[k][b] = pixels[max(k, 1u) - 1u][min(b + 1u, MOST_B - 1u)];
            } else if (k > 0u && SW == 2u * DILATION_W && b + 2u < TILE_B) {
              pixels[k][b] = pixels[max(k, 1u) - 1u][min(b + 2u, MOST_B - 1u)];
            } else {
              let place = k * SW + b * DILATION_W;
              pixels[k][b] = select(0.0, x[x_at + place], in_row && u32(column + i32(place)) < p.iw);
            }
          }
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
              for (var b = 0u; b < MOST_B; b++) {
                if (b < TILE_B) {
                  sums[o * MOST_B + b] += gradient * pixels[k][b];
                }
              }
            }
          }
        }
      }
      x_at += u32(p.sh) * p.iw;
      dy_at += p.ow;
    }
  }

  // a round takes two filters
  // @unroll
  for (var round = 0u; round < ROUNDS; round++) {
    if (2u * round < TILE_O) {
      // @unroll
      for (var v = 0u; v < ROUND; v++) {
        if (2u * round + v / MOST_B < TILE_O && v % MOST_B < TILE_B) {
          hand_over(thread, v, sums[round * ROUND + v]);
        }
      }
      add_round(thread, round);
    }
  }
  if (first + job >= jobs * p.parts) {
    return;
  }
  let to = (((part * p.cout + o0) * p.channels + c % p.channels) * p.kh + a) * p.kw + b0;
  for (var i = lane; i < TILE_O * MOST_B; i += LANES) {
    let o = i / MOST_B;
    let b = i % MOST_B;
    if ((o + 1u < TILE_O || tile_o < p.full_o) && (b + 1u < TILE_B || (b + 1u == TILE_B && tile_b < p.full_b))) {
      parts[to + o * p.channels * p.kh * p.kw + b] = total(job, i);
    }
  }
}
