// The gradient of batch normalisation. With inv = 1 / √(variance + eps) and m = n · hw:
//   dbeta[c] = Σ dy, dgamma[c] = inv · Σ dy · (x − mean),
//   dx = gamma · inv · (dy − dbeta / m − (x − mean) · inv · dgamma / m), or gamma · inv · dy where the statistics are FROZEN.
// x, dy, dx [n, c, hw]; the rest [c].
//
// Work: training/lib/channels.wgsl, one part a channel: once over it for its sums, once for dx, the second time from the cache. Channels too large for that
// take two dispatches, batch_norm_grad_sums and batch_norm_grad_dx.
#include "training/lib/channels.wgsl"
#include "training/lib/batch_norm_sums.wgsl"
#include "training/lib/merge_sums.wgsl"
#include "training/lib/batch_norm_dx.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> dy: array<Item>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> dx: array<Item>;
@group(0) @binding(7) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(8) var<storage, read_write> dbeta: array<f32>;

@compute @workgroup_size(CHANNELS, THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let thread = local.y;
  let channel = channel_of(workgroup, workgroups, lane);
  let part = part_of(workgroup);
  // threads beyond the last channel compute it once more, and keep it to themselves
  let center = mean[min(channel, p.c - 1u)];
  share_sum(thread_sums(part, min(channel, p.c - 1u), thread, center), lane, thread);
  if (channel >= p.c) {
    return;
  }
  let inv = 1.0 / sqrt(variance[channel] + p.eps);
  let total = total_sum(lane);
  let product = inv * total.y;
  if (thread == 0u) {
    dbeta[channel] = total.x;
    dgamma[channel] = product;
  }
  write_dx(part, channel, thread, line_of(center, inv, gamma[channel], product, total.x));
}
