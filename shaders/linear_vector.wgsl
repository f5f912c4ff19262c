// y[n, o] = slope[o] · act(bias[o] + residual[n, o] + Σ_i x[n, i] · w[o, i]) for few examples or few outputs
//
// x [N, in]; w [out, in]; bias, slope [out]; residual, y [N, out]. With one example each weight is used once: the time is that of reading w, so every read
// should be large, neighbouring threads should read neighbouring memory, and many threads should read. TEAM threads share OUTPUTS rows of w and EXAMPLES rows
// of x, and what they read of one they use for all of the other. Each takes four inputs in TEAM · 4: neighbours, which are one read of 16 bytes, where every
// row starts at a whole vec4; else four that are TEAM apart. Then the team adds up its parts. A workgroup has LANES / TEAM teams.
#include "lib/elem.wgsl"
#include "lib/epilogue.wgsl"
#include "lib/add_products.wgsl"

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> w: array<Elem>;
// x and w again, by fours
@group(0) @binding(3) var<storage, read> x4: array<vec4<Elem>>;
@group(0) @binding(4) var<storage, read> w4: array<vec4<Elem>>;
@group(0) @binding(5) var<storage, read> bias: array<Elem>;
@group(0) @binding(6) var<storage, read> slope: array<Elem>;
@group(0) @binding(7) var<storage, read> residual: array<Elem>;
@group(0) @binding(8) var<storage, read_write> y: array<Elem>;

const LANES = 64u;
const MOST_OUTPUTS = 4u;
const MOST_EXAMPLES = 4u;

// powers of two: OUTPUTS · EXAMPLES to LANES, 1 to MOST_OUTPUTS, 1 to MOST_EXAMPLES
override TEAM: u32 = 64;
override OUTPUTS: u32 = 4;
override EXAMPLES: u32 = 1;
// whether the inputs are a multiple of 4
override BY_FOURS: bool = true;

override SUMS: u32 = OUTPUTS * EXAMPLES;
var<workgroup> parts: array<f32, LANES * SUMS>;

// four inputs of a row, from element i on
fn x_quad(i: u32) -> vec4f {
  if (BY_FOURS) {
    return vec4f(x4[i / 4u]);
  }
  return vec4f(f32(x[i]), f32(x[i + TEAM]), f32(x[i + 2u * TEAM]), f32(x[i + 3u * TEAM]));
}

fn w_quad(i: u32) -> vec4f {
  if (BY_FOURS) {
    return vec4f(w4[i / 4u]);
  }
  return vec4f(f32(w[i]), f32(w[i + TEAM]), f32(w[i + 2u * TEAM]), f32(w[i + 3u * TEAM]));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {
  let team = lane / TEAM;
  let member = lane % TEAM;
  let o = (workgroup.x * (LANES / TEAM) + team) * OUTPUTS;
  let n = workgroup.y * EXAMPLES;

  // rows beyond the last are computed from whatever is read there, and not stored
  var sums: array<array<f32, MOST_EXAMPLES>, MOST_OUTPUTS>;
  let x_row = n * p.cin;
  let w_row = o * p.cin;
  var i = member * select(1u, 4u, BY_FOURS);
  for (; i + select(3u * TEAM, 3u, BY_FOURS) < p.cin; i += 4u * TEAM) {
    var a: array<vec4f, MOST_EXAMPLES>;
    // @unroll
    for (var e = 0u; e < MOST_EXAMPLES; e++) {
      if (e < EXAMPLES) {
        a[e] = x_quad(x_row + e * p.cin + i);
      }
    }
    // @unroll
    for (var r = 0u; r < MOST_OUTPUTS; r++) {
      if (r < OUTPUTS) {
        let b = w_quad(w_row + r * p.cin + i);
        // @unroll
        for (var e = 0u; e < MOST_EXAMPLES; e++) {
          if (e < EXAMPLES) {
            sums[r][e] = add_products(sums[r][e], a[e], b);
          }
        }
      }
    }
  }
  // what is left of rows that have no whole quads
  for (; i < p.cin; i += TEAM) {
    // @unroll
    for (var r = 0u; r < MOST_OUTPUTS; r++) {
      // @unroll
      for (var e = 0u; e < MOST_EXAMPLES; e++) {
        if (r < OUTPUTS && e < EXAMPLES) {
          sums[r][e] += f32(x[x_row + e * p.cin + i]) * f32(w[w_row + r * p.cin + i]);
        }
      }
    }
  }

  // Each thread adds up SUMS parts of one sum, so that a team's sums have TEAM / SUMS parts each, then the first SUMS members the rest.
  // @unroll
  for (var r = 0u; r < MOST_OUTPUTS; r++) {
    // @unroll
    for (var e = 0u; e < MOST_EXAMPLES; e++) {
      if (r < OUTPUTS && e < EXAMPLES) {
        parts[(r * EXAMPLES + e) * LANES + lane] = sums[r][e];
      }
    }
  }
  workgroupBarrier();
  let of_sum = member / (TEAM / SUMS);
  var part = 0.0;
  for (var k = 0u; k < SUMS; k++) {
    part += parts[of_sum * LANES + team * TEAM + member % (TEAM / SUMS) + k * (TEAM / SUMS)];
  }
  workgroupBarrier();
  parts[lane] = part;
  workgroupBarrier();
  if (member >= SUMS) {
    return;
  }
  var sum = 0.0;
  for (var k = 0u; k < TEAM / SUMS; k++) {
    sum += parts[team * TEAM + member * (TEAM / SUMS) + k];
  }
  let to_o = o + member / EXAMPLES;
  let to_n = n + member % EXAMPLES;
  if (to_o < p.cout && to_n < p.n) {
    let at = to_n * p.cout + to_o;
    y[at] = Elem(apply_epilogue(epilogue_of(to_o), sum, at));
  }
}
