// y[n, o] = slope[o] · act(bias[o] + residual[n, o] + Σ_i x[n, i] · w[o, i]) for few examples or few outputs: what both shaders for that have in common.
//
// x [N, in]; w [out, in]; bias, slope [out]; residual, y [N, out]. With one example each weight is used once: the time is that of reading w, so every read
// should be large, neighbouring threads should read neighbouring memory, and many threads should read. A team of threads shares OUTPUTS rows of w and EXAMPLES
// rows of x, and what it reads of one it uses for all of the other. Each member takes four inputs in so many of the team: neighbours, which are one read of
// 16 bytes, where every row starts at a whole vec4; else four that are a team apart. Then the team adds up its parts, which is where the shaders differ.
#include "lib/add_products.wgsl"
#include "lib/elem.wgsl"
#include "lib/epilogue.wgsl"

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

// powers of two: 1 to MOST_OUTPUTS, 1 to MOST_EXAMPLES
override OUTPUTS: u32 = 4;
override EXAMPLES: u32 = 1;
// whether the inputs are a multiple of 4
override BY_FOURS: bool = true;

// of output r and example e: r · MOST_EXAMPLES + e
alias Sums = array<f32, MOST_OUTPUTS * MOST_EXAMPLES>;

// four inputs of a row, from element i on
fn x_quad(i: u32, apart: u32) -> vec4f {
  if (BY_FOURS) {
    return vec4f(x4[i / 4u]);
  }
  return vec4f(f32(x[i]), f32(x[i + apart]), f32(x[i + 2u * apart]), f32(x[i + 3u * apart]));
}

fn w_quad(i: u32, apart: u32) -> vec4f {
  if (BY_FOURS) {
    return vec4f(w4[i / 4u]);
  }
  return vec4f(f32(w[i]), f32(w[i + apart]), f32(w[i + 2u * apart]), f32(w[i + 3u * apart]));
}

// A member's parts of the sums of outputs o … and examples n …. Rows beyond the last give whatever is read there; they are not stored.
fn parts_of(member: u32, team: u32, o: u32, n: u32) -> Sums {
  var sums: Sums;
  let x_row = n * p.cin;
  let w_row = o * p.cin;
  var i = member * select(1u, 4u, BY_FOURS);
  for (; i + select(3u * team, 3u, BY_FOURS) < p.cin; i += 4u * team) {
    var a: array<vec4f, MOST_EXAMPLES>;
    // @unroll
    for (var e = 0u; e < MOST_EXAMPLES; e++) {
      if (e < EXAMPLES) {
        a[e] = x_quad(x_row + e * p.cin + i, team);
      }
    }
    // @unroll
    for (var r = 0u; r < MOST_OUTPUTS; r++) {
      if (r < OUTPUTS) {
        let b = w_quad(w_row + r * p.cin + i, team);
        // @unroll
        for (var e = 0u; e < MOST_EXAMPLES; e++) {
          if (e < EXAMPLES) {
            sums[r * MOST_EXAMPLES + e] = add_products(sums[r * MOST_EXAMPLES + e], a[e], b);
          }
        }
      }
    }
  }
  // what is left of rows that have no whole vec4
  for (; i < p.cin; i += team) {
    // @unroll
    for (var r = 0u; r < MOST_OUTPUTS; r++) {
      // @unroll
      for (var e = 0u; e < MOST_EXAMPLES; e++) {
        if (r < OUTPUTS && e < EXAMPLES) {
          sums[r * MOST_EXAMPLES + e] += f32(x[x_row + e * p.cin + i]) * f32(w[w_row + r * p.cin + i]);
        }
      }
    }
  }
  return sums;
}

fn store(o: u32, n: u32, sum: f32) {
  if (o < p.cout && n < p.n) {
    let i = n * p.cout + o;
    y[i] = Elem(apply_epilogue(epilogue_of(o), sum, i));
  }
}
