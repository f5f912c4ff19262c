// y[n, i] = a[n, i] ∘ b[n · stride + i], where ∘ is + (MULTIPLY false) or × (true).
//
// a, y [N, size]; b [N, size], or [1, size] with stride 0. One element a thread.
#include "lib/elem.wgsl"
#include "lib/grid.wgsl"

struct Params {
  n: u32,
  size: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<Elem>;
@group(0) @binding(2) var<storage, read> b: array<Elem>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

override WORKGROUP: u32 = 64;
override MULTIPLY: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + local;
  if (i >= p.n * p.size) {
    return;
  }
  let left = f32(a[i]);
  let right = f32(b[(i / p.size) * p.stride + i % p.size]);
  y[i] = Elem(select(left + right, left * right, MULTIPLY));
}
