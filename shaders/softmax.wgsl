// y[n, c] = exp(x[n, c] − m) / Σ_k exp(x[n, k] − m), m = max_k x[n, k]
//
// x, y [N, C]. Without m, which cancels, exp would overflow from 89 on. A team of threads shares a row (lib/team.wgsl) and goes over it three times: for the
// maximum, the sum and the results. What it read once, it finds in the cache.
#include "lib/elem.wgsl"
#include "lib/exp_log.wgsl"
#include "lib/grid.wgsl"
#include "lib/team.wgsl"

struct Params {
  n: u32,
  c: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups) * (LANES / TEAM) + lane / TEAM;
  let first = min(row, p.n - 1u) * p.c;
  let member = lane % TEAM;

  var part = f32(x[first]);
  for (var k = member; k < p.c; k += TEAM) {
    part = max(part, f32(x[first + k]));
  }
  let largest = team_max(part, lane);
  part = 0.0;
  for (var k = member; k < p.c; k += TEAM) {
    part += exponential(f32(x[first + k]) - largest);
  }
  let sum = team_sum(part, lane);
  if (row >= p.n) {
    return;
  }
  for (var k = member; k < p.c; k += TEAM) {
    y[first + k] = Elem(exponential(f32(x[first + k]) - largest) / sum);
  }
}
