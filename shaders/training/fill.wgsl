// y[i] = value, four at a time; the last ones may reach into the padding that follows every value.
//
// lib/each_element.wgsl says which thread computes what: all items are of one plane.
#include "lib/item.wgsl" where Item = vec4<Elem>, Value = vec4f

struct Params {
  // items
  size: u32,
  value: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

alias Channel = u32;
alias Plane = u32;

fn extent() -> vec3u {
  return vec3u(p.size, 1u, 1u);
}

fn channel_at(c: u32) -> Channel {
  return c;
}

fn plane_at(n: u32, c: u32, channel: Channel) -> Plane {
  return n;
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  return Value(p.value);
}

fn store(plane: Plane, i: u32, v: Value) {
  y[i] = Item(v);
}

#include "lib/each_element.wgsl"
