// y[plane] = Σ_i x[plane, i] / hw
//
// x [planes, hw], y [planes]; a plane is a channel of an example. LANES threads share a plane: thread l adds pixels l, l + LANES, …, and the first of them adds
// up what the others left in workgroup memory. Small planes have one thread each, which needs no barrier and no memory to share: a barrier is where every
// thread of a workgroup waits for the slowest. PLANES planes share a workgroup. The order of the sums depends on these constants only, so that the same
// input gives the same bits.
#include "lib/elem.wgsl"
#include "lib/grid.wgsl"

struct Params {
  planes: u32,
  hw: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

override LANES: u32 = 1;
override PLANES: u32 = 64;
// loads of a thread that wait for memory together
const LOADS = 16u;
var<workgroup> partial: array<f32, LANES * PLANES>;

@compute @workgroup_size(LANES, PLANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let plane = linear_workgroup(workgroup, workgroups) * PLANES + local.y;
  // Four sums of their own: none waits for another's addition, and each rounds less than one over all would.
  var sums = vec4f(0.0);
  if (plane < p.planes) {
    let image = plane * p.hw;
    var i = local.x;
    for (; i + (LOADS - 1u) * LANES < p.hw; i += LOADS * LANES) {
      // @unroll
      for (var k = 0u; k < LOADS; k++) {
        sums[k % 4u] += f32(x[image + i + k * LANES]);
      }
    }
    for (; i < p.hw; i += LANES) {
      sums.x += f32(x[image + i]);
    }
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  if (LANES > 1u) {
    let first = local.y * LANES;
    partial[first + local.x] = sum;
    workgroupBarrier();
    if (local.x == 0u) {
      for (var l = 1u; l < LANES; l++) {
        sum += partial[first + l];
      }
    }
  }
  if (local.x == 0u && plane < p.planes) {
    y[plane] = Elem(sum / f32(p.hw));
  }
}
