// dx[n, c, i] = slope[c] · f'(x) · dy: the gradient of y = slope[c] · f(x), or of f(x) where there is no slope, with respect to x alone.
//
// x, dy, dx [n, c, hw]; slope [c]; f is ACTIVATION (lib/activate.wgsl). lib/each_element.wgsl says which thread computes what. Without slopes the host passes
// the whole value as one channel.
#include "lib/item.wgsl"
#include "lib/activate.wgsl"
#include "training/lib/activate_grad.wgsl"

struct Params {
  n: u32,
  c: u32,
  // items of a plane
  hw: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> dy: array<Item>;
@group(0) @binding(3) var<storage, read> slope: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<Item>;

override has_slope: bool = false;

// its slope
alias Channel = f32;
// the index of its first item
alias Plane = u32;

fn extent() -> vec3u {
  return vec3u(p.hw, p.c, p.n);
}

fn channel_at(c: u32) -> Channel {
  if (has_slope) {
    return slope[c];
  }
  return 1.0;
}

fn plane_at(n: u32, c: u32, channel: Channel) -> Plane {
  return (n * p.c + c) * p.hw;
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  return channel * activate_grad(Value(x[plane + i]), Value(dy[plane + i]));
}

fn store(plane: Plane, i: u32, v: Value) {
  dx[plane + i] = Item(v);
}

#include "lib/each_element.wgsl"
