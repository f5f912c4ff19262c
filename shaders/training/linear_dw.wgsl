// dw[o, i] = Σ_n dy[n, o] · x[n, i]
//
// x [N, in]; dy [N, out]; dw [out, in]. A tiled matrix product (lib/product.wgsl) with rows o, columns i and depth n.

struct Params {
  n: u32,
  cin: u32,
  cout: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dw: array<f32>;

const LEFT_DEEP = false;
const RIGHT_DEEP = false;
// nothing belongs to a column
alias Column = u32;

fn extent() -> vec3u {
  return vec3u(p.cout, p.cin, p.n);
}

fn left(i: u32) -> f32 {
  return dy[i];
}

fn right(i: u32) -> f32 {
  return x[i];
}

fn column_at(c: u32) -> Column {
  return c;
}

fn store(column: Column, i: u32, sum: f32) {
  dw[i] = sum;
}

#include "lib/product.wgsl"
