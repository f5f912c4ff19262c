// totals += [loss · N, hits, N], in place: what an epoch adds up on the device, so that it is read every few steps and not each
//
// loss [1], the mean of the batch; logits [N, C]; labels [N] (i32); totals [3]. A prediction is the first largest logit: the label is hit where no logit
// before it is as large, and none after it is larger. Comparisons with NaN are false, so that rows with one are never hit. One workgroup, whose teams
// (lib/team.wgsl) take a row each, then the next.
#include "lib/team.wgsl"

struct Params {
  n: u32,
  c: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<i32>;
@group(0) @binding(4) var<storage, read_write> totals: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  let member = lane % TEAM;
  var hits = 0.0;
  for (var row = 0u; row < p.n; row += LANES / TEAM) {
    let own = min(row + lane / TEAM, p.n - 1u);
    let first = own * p.c;
    let label = u32(labels[own]);
    let own_logit = logits[first + min(label, p.c - 1u)];
    var part = 0.0;
    for (var k = member; k < p.c; k += TEAM) {
      let other = logits[first + k];
      let beaten = select(other <= own_logit, other < own_logit, k < label);
      part += select(1.0, 0.0, beaten);
    }
    let unbeaten = team_sum(part, lane);
    if (row + lane / TEAM < p.n && member == 0u && label < p.c && unbeaten == 0.0) {
      hits += 1.0;
    }
  }
  share_part(hits, lane);
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i += TEAM) {
      sum += parts[i];
    }
    totals[0] += loss[0] * f32(p.n);
    totals[1] += sum;
    totals[2] += f32(p.n);
  }
}
