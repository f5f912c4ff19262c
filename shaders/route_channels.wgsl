// y[n, start + j, i] = base[n, start + j, i] + x[n, table[j], i], j < count; a negative entry of the table adds nothing.
//
// x [N, xc, P], P pixels per channel; y [N, yc, P]; base [N, yc, P], or [1, yc, P] with base_n 1, zeros where it is left out; table [count]. With its table
// this is every op that moves whole channels: concat (once for each part), pad_channels, slice_channels, gather_channels, scatter_add_channels.
// lib/each_element.wgsl says which thread computes what; its channels are the count entries of the table.
#include "lib/item.wgsl"

struct Params {
  n: u32,
  xc: u32,
  yc: u32,
  // items of a plane
  hw: u32,
  start: u32,
  count: u32,
  base_n: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> base: array<Item>;
@group(0) @binding(3) var<storage, read> table: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<Item>;

override has_base: bool = false;

// which of x; negative: none
alias Channel = i32;

// where it starts
struct Plane {
  x: u32,
  base: u32,
  y: u32,
}

fn extent() -> vec3u {
  return vec3u(p.hw, p.count, p.n);
}

fn channel_at(j: u32) -> Channel {
  return table[j];
}

fn plane_at(n: u32, j: u32, channel: Channel) -> Plane {
  let to = p.start + j;
  let example = select(n, 0u, p.base_n == 1u);
  return Plane((n * p.xc + u32(max(channel, 0))) * p.hw, (example * p.yc + to) * p.hw, (n * p.yc + to) * p.hw);
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  // read even where nothing is added: a branch would cost more
  let added = select(Value(0.0), Value(x[plane.x + i]), channel >= 0);
  if (has_base) {
    return Value(base[plane.base + i]) + added;
  }
  return added;
}

fn store(plane: Plane, i: u32, v: Value) {
  y[plane.y + i] = Item(v);
}

#include "lib/each_element.wgsl"
