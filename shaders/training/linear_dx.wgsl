// dx[n, i] = Σ_o dy[n, o] · w[o, i]
//
// dy [N, out]; w [out, in]; dx [N, in]. A tiled matrix product (lib/product.wgsl) with rows n, columns i and depth o.

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

const LEFT_DEEP = true;
const RIGHT_DEEP = false;
// nothing belongs to a column
alias Column = u32;

fn extent() -> vec3u {
  return vec3u(p.n, p.cin, p.cout);
}

fn left(i: u32) -> f32 {
  return dy[i];
}

fn right(i: u32) -> f32 {
  return w[i];
}

fn column_at(c: u32) -> Column {
  return c;
}

fn store(column: Column, i: u32, sum: f32) {
  dx[i] = sum;
}

#include "lib/product.wgsl"
