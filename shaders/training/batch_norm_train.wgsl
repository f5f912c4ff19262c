// Batch normalisation with the batch's own statistics, over the m = n · hw numbers of each channel:
//   mean[c] = Σ x / m, variance[c] = Σ (x − mean)² / m, y = (x − mean) · gamma[c] / √(variance[c] + eps) + beta[c],
// and the running statistics move by `momentum` towards the mean and the unbiased variance Σ (x − mean)² / (m − 1), which is 0 where m = 1.
// x, y [n, c, hw]; the rest [c].
//
// Work: training/lib/channels.wgsl, one part a channel, so that one workgroup sees all of it: once for its statistics, once for its outputs, the second
// time from the cache. Channels too large for that take two dispatches, batch_norm_train_moments and batch_norm_train_normalize.
#include "training/lib/channels.wgsl"
#include "training/lib/moments.wgsl"
#include "training/lib/channel_moments.wgsl"
#include "training/lib/normalize.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(5) var<storage, read_write> running_var: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<Item>;
@group(0) @binding(7) var<storage, read_write> mean: array<f32>;
@group(0) @binding(8) var<storage, read_write> variance: array<f32>;

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
  share_moments(thread_moments(part, min(channel, p.c - 1u), thread), lane, thread);
  if (channel >= p.c) {
    return;
  }
  let all = total_moments(lane);
  if (thread == 0u) {
    keep_statistics(channel, all);
  }
  normalize(part, channel, thread, all, gamma[channel], beta[channel]);
}
