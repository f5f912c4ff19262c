// The first of two dispatches of batch_norm_grad, for large channels: Σ dy and Σ dy · (x − mean) of each part of a channel.
//
// sums [c, 2 · parts + 3]: for each channel both sums of every part, then mean, 1 / √(variance + eps) and gamma. The second dispatch, which needs nine
// tensors where devices promise eight bindings, finds those here.
#include "training/lib/channels.wgsl"
#include "training/lib/batch_norm_sums.wgsl"
#include "training/lib/merge_sums.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  parts: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> dy: array<Item>;
@group(0) @binding(3) var<storage, read> gamma: array<f32>;
@group(0) @binding(4) var<storage, read> mean: array<f32>;
@group(0) @binding(5) var<storage, read> variance: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

@compute @workgroup_size(CHANNELS, THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let thread = local.y;
  let channel = channel_of(workgroup, workgroups, lane);
  let center = mean[min(channel, p.c - 1u)];
  share_sum(thread_sums(part_of(workgroup), min(channel, p.c - 1u), thread, center), lane, thread);
  if (thread > 0u || channel >= p.c) {
    return;
  }
  let total = total_sum(lane);
  let row = channel * (2u * p.parts + 3u);
  sums[row + 2u * workgroup.x] = total.x;
  sums[row + 2u * workgroup.x + 1u] = total.y;
  if (workgroup.x == 0u) {
    sums[row + 2u * p.parts] = center;
    sums[row + 2u * p.parts + 1u] = 1.0 / sqrt(variance[channel] + p.eps);
    sums[row + 2u * p.parts + 2u] = gamma[channel];
  }
}
