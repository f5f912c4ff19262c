// y[plane] = Σ_i x[plane, i] / hw
//
// x [planes, hw], y [planes]; a plane is a channel of an example. LANES threads share a plane: thread l adds pixels l, l + LANES, …, so that neighbours
// read neighbouring pixels, and the first of them adds up what the others left in workgroup memory. PLANES planes share a workgroup. The order of the
// sums depends on nothing but these constants: the same input gives the same bits.
#include "lib/elem.wgsl"
#include "lib/grid.wgsl"

struct Params {
  planes: u32,
  hw: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

override LANES: u32 = 8;
override PLANES: u32 = 8;
var<workgroup> partial: array<f32, LANES * PLANES>;

@compute @workgroup_size(LANES, PLANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let plane = linear_workgroup(workgroup, workgroups) * PLANES + local.y;
  // Four sums of their own: none waits for another's addition, and each rounds less than one over all would. The last round may be partly beyond the
  // plane.
  var sums = vec4f(0.0);
  if (plane < p.planes) {
    let image = plane * p.hw;
    for (var first = local.x; first < p.hw; first += 4u * LANES) {
      let i = first + vec4u(0u, 1u, 2u, 3u) * LANES;
      let v = vec4f(f32(x[image + i.x]), f32(x[image + i.y]), f32(x[image + i.z]), f32(x[image + i.w]));
      sums += select(vec4f(0.0), v, i < vec4u(p.hw));
    }
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  let lane = local.y * LANES;
  if (LANES > 1u) {
    partial[lane + local.x] = sum;
    workgroupBarrier();
    if (local.x == 0u) {
      for (var l = 1u; l < LANES; l++) {
        sum += partial[lane + l];
      }
    }
  }
  if (local.x == 0u && plane < p.planes) {
    y[plane] = Elem(sum / f32(p.hw));
  }
}
