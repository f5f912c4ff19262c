// dx[plane, i] = dy[plane] / hw: the gradient of the mean of each plane's pixels. dx [planes, hw], dy [planes]; a plane is a channel of an example.
//
// lib/each_element.wgsl says which thread computes what: planes are its examples.
#include "lib/item.wgsl"

struct Params {
  planes: u32,
  // items of a plane
  hw: u32,
  // 1 / pixels of a plane
  share: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<Item>;

struct Plane {
  // Index of its first item.
  first: u32,
  share: f32,
}
alias Channel = u32;

fn extent() -> vec3u {
  return vec3u(p.hw, 1u, p.planes);
}

fn channel_at(c: u32) -> Channel {
  return c;
}

fn plane_at(n: u32, c: u32, channel: Channel) -> Plane {
  return Plane(n * p.hw, dy[n] * p.share);
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  return Value(plane.share);
}

fn store(plane: Plane, i: u32, v: Value) {
  dx[plane.first + i] = Item(v);
}

#include "lib/each_element.wgsl"
