// dw[i] = Σ_k parts[k, i]: adds what the workgroups of conv2d_dw* have left that share the same weights.
//
// parts [parts, size]; dw [size]. One element a thread; four chains of sums, so that four loads are under way together.
#include "lib/grid.wgsl"

struct Params {
  size: u32,
  parts: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> dw: array<f32>;

override WORKGROUP: u32 = 64;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + local;
  if (i >= p.size) {
    return;
  }
  var sums = vec4f();
  for (var k = 0u; k < p.parts; k += 4u) {
    let at = k * p.size + i;
    let four = vec4f(parts[at], parts[at + p.size], parts[at + 2u * p.size], parts[at + 3u * p.size]);
    sums += select(vec4f(), four, k + vec4u(0u, 1u, 2u, 3u) < vec4u(p.parts));
  }
  dw[i] = (sums.x + sums.y) + (sums.z + sums.w);
}
