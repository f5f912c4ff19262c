// Depthwise convolution: every filter reads one channel, with any window, stride, padding and dilation:
//   y[n, o, i, j] = slope[o] · act(bias[o] + residual[n, o, i, j] + Σ_p Σ_q x[n, o / m, i·sh − pt + p·dh, j·sw − pl + q·dw] · w[o, p, q])
//
// x [N, cin, ih, iw]; w [cout, 1, kh, kw]; bias, slope [cout]; residual, y [N, cout, oh, ow]; m = cout / cin filters for each channel.
//
// How the work is split. A thread computes PIXELS neighbours in a row of y and goes through the window row by row: it loads the run of pixels of x that its
// outputs see in that row, once, and the row's weights. With 8 outputs and 3 taps these are 10 pixels and 3 weights for 24 multiply-adds: hardly anything is used
// often, so this is as fast as memory is, and what counts is that neighbouring threads have neighbouring runs of pixels. Runs, rows, channels and examples are
// counted through, which fills workgroups even where images are small.
// Rows of more than MOST_TAPS taps come in parts. Where stride or dilation is so large that outputs have few pixels in common, a part is one tap, and each
// output's pixel is loaded by itself.
#include "lib/elem.wgsl"
#include "lib/epilogue.wgsl"
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
  dilation_h: u32,
  dilation_w: u32,
  // runs of PIXELS pixels in a row of y
  runs: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> w: array<Elem>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> slope: array<Elem>;
@group(0) @binding(5) var<storage, read> residual: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

const WORKGROUP = 64u;
// 1 … 8
override PIXELS: u32 = 8;
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

const MOST_PIXELS = 8u;
const MOST_TAPS = 7u;
const MOST_SEEN = 17u;

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
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + local;
  let column = i % p.runs * PIXELS;
  let row = i / p.runs % p.oh;
  let o = i / p.runs / p.oh % p.cout;
  let n = i / p.runs / p.oh / p.cout;
  if (n >= p.n) {
    return;
  }

  let top = i32(row * p.sh) - p.pt;
  let left = i32(column * p.sw) - p.pl;
  let plane = (n * p.cin + o / (p.cout / p.cin)) * p.ih * p.iw;
  let between = select(1u, p.sw, APART);
  var sums: array<f32, MOST_PIXELS>;
  for (var q = 0u; q < p.kw; q += TAPS) {
    // Pixels outside of the image count as 0. Their addresses may be anything, even wrap around below 0: WebGPU keeps reads inside the buffer.
    let part = left + i32(q * p.dilation_w);
    var inside: array<bool, MOST_SEEN>;
    // @unroll
    for (var k = 0u; k < MOST_SEEN; k++) {
      inside[k] = u32(part + i32(k * between)) < p.iw;
    }
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
        let tap = (o * p.kh + a) * p.kw + q;
        // @unroll
        for (var t = 0u; t < MOST_TAPS; t++) {
          if (t < TAPS && (!RAGGED || q + t < p.kw)) {
            let k = f32(w[tap + t]);
            // @unroll
            for (var j = 0u; j < MOST_PIXELS; j++) {
              if (j < PIXELS) {
                sums[j] += k * seen[seen_by(j, t)];
              }
            }
          }
        }
      }
    }
  }

  let e = epilogue_of(o);
  let to = ((n * p.cout + o) * p.oh + row) * p.ow + column;
  // @unroll
  for (var j = 0u; j < MOST_PIXELS; j++) {
    if (j < PIXELS && (WHOLE || column + j < p.ow)) {
      y[to + j] = Elem(apply_epilogue(e, sums[j], to + j));
    }
  }
}
