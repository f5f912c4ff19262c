// y = 1/N Σ_n loss[n], loss[n] = −Σ_k q[k] · ln softmax(logits[n])[k], q[k] = (1 − s) · [k = labels[n]] + s/C, s = label_smoothing
//
// logits [N, C]; labels [N] (i32); y [1]. With m the largest logit of a row and d[k] = m − logits[n, k],
//
//   loss[n] = ln Σ_k exp(−d[k]) + (1 − s) · d[labels[n]] + s/C · Σ_k d[k]
//
// in which nothing overflows and hardly anything cancels. One workgroup computes all of it, so that the losses need not travel: its teams (lib/team.wgsl)
// take a row each, then the next, and at the end one thread adds up what they found, always in the same order.
#include "lib/exp_log.wgsl"
#include "lib/team.wgsl"

struct Params {
  n: u32,
  c: u32,
  label_smoothing: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  let member = lane % TEAM;
  var total = 0.0;
  for (var row = 0u; row < p.n; row += LANES / TEAM) {
    let own = row + lane / TEAM;
    let first = min(own, p.n - 1u) * p.c;
    var part = logits[first];
    for (var k = member; k < p.c; k += TEAM) {
      part = max(part, logits[first + k]);
    }
    let largest = team_max(part, lane);
    part = 0.0;
    for (var k = member; k < p.c; k += TEAM) {
      part += exponential(logits[first + k] - largest);
    }
    var loss = logarithm(team_sum(part, lane));
    // without smoothing a logit of −∞ that is not the label's counts for nothing, and 0 · ∞ would not
    if (p.label_smoothing != 0.0) {
      part = 0.0;
      for (var k = member; k < p.c; k += TEAM) {
        part += largest - logits[first + k];
      }
      loss += p.label_smoothing / f32(p.c) * team_sum(part, lane);
    }
    if (own < p.n && member == 0u) {
      let label = u32(labels[own]);
      if (label < p.c) {
        total += loss + (1.0 - p.label_smoothing) * (largest - logits[first + label]);
      } else {
        total += not_a_number();
      }
    }
  }
  share_part(total, lane);
  if (lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < LANES; i += TEAM) {
      sum += parts[i];
    }
    y[0] = sum / f32(p.n);
  }
}
