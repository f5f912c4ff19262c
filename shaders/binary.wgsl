// y[n, i] = a[n, i] ∘ b[n · stride + i], where ∘ is + (MULTIPLY false) or × (true).
//
// a, y [N, size]; b [N, size], or [1, size] with stride 0. lib/each_element.wgsl says which thread computes what; an example is one channel to it.
// Where b has all examples, the host passes the whole value as one of them.
#include "lib/item.wgsl"

struct Params {
  n: u32,
  // items of an example, and from one example of b to the next
  size: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<Item>;
@group(0) @binding(2) var<storage, read> b: array<Item>;
@group(0) @binding(3) var<storage, read_write> y: array<Item>;

override MULTIPLY: bool = false;

// nothing belongs to it
alias Channel = u32;

// where the example starts
struct Plane {
  a: u32,
  b: u32,
}

fn extent() -> vec3u {
  return vec3u(p.size, 1u, p.n);
}

fn channel_at(c: u32) -> Channel {
  return c;
}

fn plane_at(n: u32, c: u32, channel: Channel) -> Plane {
  return Plane(n * p.size, n * p.stride);
}

fn compute(channel: Channel, plane: Plane, i: u32) -> Value {
  let left = Value(a[plane.a + i]);
  let right = Value(b[plane.b + i]);
  return select(left + right, left * right, MULTIPLY);
}

fn store(plane: Plane, i: u32, v: Value) {
  y[plane.a + i] = Item(v);
}

#include "lib/each_element.wgsl"
