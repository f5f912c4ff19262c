// dx[n, k] = dy/N · (softmax(logits[n])[k] − q[k]), q[k] = (1 − s) · [k = labels[n]] + s/C, s = label_smoothing
//
// logits, dx [N, C]; labels [N] (i32); dy [1], the gradient of the loss. A team of threads shares a row (lib/team.wgsl). A label that is no class has no
// share of q.
#include "lib/exp_log.wgsl"
#include "lib/grid.wgsl"
#include "lib/team.wgsl"

struct Params {
  n: u32,
  c: u32,
  label_smoothing: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = linear_workgroup(workgroup, workgroups) * (LANES / TEAM) + lane / TEAM;
  let own = min(row, p.n - 1u);
  let first = own * p.c;
  let member = lane % TEAM;

  var part = logits[first];
  for (var k = member; k < p.c; k += TEAM) {
    part = max(part, logits[first + k]);
  }
  let largest = team_max(part, lane);
  part = 0.0;
  for (var k = member; k < p.c; k += TEAM) {
    part += exponential(logits[first + k] - largest);
  }
  let sum = team_sum(part, lane);
  if (row >= p.n) {
    return;
  }
  let label = u32(labels[own]);
  let factor = dy[0] / f32(p.n);
  let every = p.label_smoothing / f32(p.c);
  for (var k = member; k < p.c; k += TEAM) {
    let q = every + select(0.0, 1.0 - p.label_smoothing, k == label);
    dx[first + k] = factor * (exponential(logits[first + k] - largest) / sum - q);
  }
}
