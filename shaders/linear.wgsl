// y[n, o] = slope[o] · act(bias[o] + residual[n, o] + Σ_i x[n, i] · w[o, i])
//
// x [N, in]; w [out, in], PyTorch's layout; bias, slope [out]; residual, y [N, out]. A tiled matrix product (lib/product.wgsl) with rows n, columns o and
// depth i. Few examples: linear_vector.wgsl.
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
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> slope: array<Elem>;
@group(0) @binding(5) var<storage, read> residual: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

const LEFT_DEEP = true;
const RIGHT_DEEP = true;
alias Column = Epilogue;

fn extent() -> vec3u {
  return vec3u(p.n, p.cout, p.cin);
}

fn left(i: u32) -> f32 {
  return f32(x[i]);
}

fn right(i: u32) -> f32 {
  return f32(w[i]);
}

fn column_at(c: u32) -> Column {
  return epilogue_of(c);
}

fn store(column: Column, i: u32, sum: f32) {
  y[i] = Elem(apply_epilogue(column, sum, i));
}

#include "lib/product.wgsl"
