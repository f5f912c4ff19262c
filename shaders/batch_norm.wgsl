// y[n, c, i] = gamma[c] · (x[n, c, i] − mean[c]) / √(var[c] + eps) + beta[c]
//
// x, y [N, C, P], P pixels per channel; gamma, beta, mean, var [C]. Only for batch norms that no convolution could take into its
// weights. lib/each_element.wgsl says which thread computes what.
#include "lib/item.wgsl"

struct Params {
  n: u32,
  c: u32,
  // items of a plane
  hw: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> gamma: array<Elem>;
@group(0) @binding(3) var<storage, read> beta: array<Elem>;
@group(0) @binding(4) var<storage, read> mean: array<Elem>;
// `var` is a word of WGSL's own: the host binds the tensor under this name
@group(0) @binding(5) var<storage, read> variance: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Item>;

struct Channel {
  mean: f32,
  scale: f32,
  shift: f32,
}
// the index of its first item
alias Plane = u32;

fn extent() -> vec3u {
  return vec3u(p.hw, p.c, p.n);
}

fn channel_at(c: u32) -> Channel {
  return Channel(f32(mean[c]), f32(gamma[c]) / sqrt(f32(variance[c]) + p.eps), f32(beta[c]));
}

fn plane_at(n: u32, c: u32, channel: Channel) -> Plane {
  return (n * p.c + c) * p.hw;
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  // the mean first: one shift for both, beta − mean · scale, would cancel where the mean is far from zero
  return (Value(x[plane + i]) - channel.mean) * channel.scale + channel.shift;
}

fn store(plane: Plane, i: u32, v: Value) {
  y[plane + i] = Item(v);
}

#include "lib/each_element.wgsl"
