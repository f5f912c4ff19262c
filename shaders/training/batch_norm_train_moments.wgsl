// The first of two dispatches of batch_norm_train, for large channels: mean and Σ (x − mean)² of each part of a channel.
//
// statistics [c, 2 · parts + 2]: for each channel both numbers of every part, then gamma and beta. The second dispatch, which needs nine tensors where
// devices promise eight bindings, finds those two here.
#include "training/lib/channels.wgsl"
#include "training/lib/moments.wgsl"
#include "training/lib/channel_moments.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  parts: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;

@compute @workgroup_size(CHANNELS, THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let thread = local.y;
  let channel = channel_of(workgroup, workgroups, lane);
  share_moments(thread_moments(part_of(workgroup), min(channel, p.c - 1u), thread), lane, thread);
  if (thread > 0u || channel >= p.c) {
    return;
  }
  let all = total_moments(lane);
  let row = channel * (2u * p.parts + 2u);
  statistics[row + 2u * workgroup.x] = all.mean;
  statistics[row + 2u * workgroup.x + 1u] = all.squares;
  if (workgroup.x == 0u) {
    statistics[row + 2u * p.parts] = gamma[channel];
    statistics[row + 2u * p.parts + 1u] = beta[channel];
  }
}
