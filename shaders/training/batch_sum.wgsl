// y[i] = Σ_n x[n, i]: sums over the batch.
//
// x [n, size], y [size]. lib/each_element.wgsl says which thread computes what: a thread sums up whole items, all of one plane and example.
#include "lib/item.wgsl"

struct Params {
  n: u32,
  // items
  size: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read_write> y: array<Item>;

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

// four rows at a time, so that four loads are under way together
fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  var sum = Value();
  var at = i;
  var n = 0u;
  for (; n + 4u <= p.n; n += 4u) {
    sum += (Value(x[at]) + Value(x[at + p.size])) + (Value(x[at + 2u * p.size]) + Value(x[at + 3u * p.size]));
    at += 4u * p.size;
  }
  for (; n < p.n; n++) {
    sum += Value(x[at]);
    at += p.size;
  }
  return sum;
}

fn store(plane: Plane, i: u32, v: Value) {
  y[i] = Item(v);
}

#include "lib/each_element.wgsl"
