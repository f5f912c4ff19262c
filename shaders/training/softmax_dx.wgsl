// dx[n, c] = y[n, c] · (dy[n, c] − Σ_k dy[n, k] · y[n, k])
//
// y, dy, dx [N, C], y being what softmax gave. A team of threads shares a row (lib/team.wgsl).
#include "lib/grid.wgsl"
#include "lib/team.wgsl"

struct Params {
  n: u32,
  c: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups) * (LANES / TEAM) + lane / TEAM;
  let first = min(row, p.n - 1u) * p.c;
  let member = lane % TEAM;

  var part = 0.0;
  for (var k = member; k < p.c; k += TEAM) {
    part += dy[first + k] * y[first + k];
  }
  let product = team_sum(part, lane);
  if (row >= p.n) {
    return;
  }
  for (var k = member; k < p.c; k += TEAM) {
    dx[first + k] = y[first + k] * (dy[first + k] - product);
  }
}
