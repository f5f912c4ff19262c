// The second of two dispatches of batch_norm_train: every workgroup merges the moments of its channel's parts, which are few, and normalises its
// own part. statistics: see batch_norm_train_moments.wgsl.
#include "training/lib/channels.wgsl"
#include "training/lib/moments.wgsl"
#include "training/lib/normalize.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  parts: u32,
  eps: f32,
  momentum: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(4) var<storage, read_write> running_var: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Item>;
@group(0) @binding(6) var<storage, read_write> mean: array<f32>;
@group(0) @binding(7) var<storage, read_write> variance: array<f32>;

@compute @workgroup_size(CHANNELS, THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let thread = local.y;
  let channel = channel_of(workgroup, workgroups, local.x);
  if (channel >= p.c) {
    return;
  }
  let row = channel * (2u * p.parts + 2u);
  var merger = merge_from(statistics[row]);
  for (var i = 0u; i < p.parts; i++) {
    let size = min(p.per_part, p.n * p.hw - i * p.per_part);
    merger = merge(merger, Moments(f32(size * ITEM), statistics[row + 2u * i], statistics[row + 2u * i + 1u]));
  }
  let all = moments_of(merger);
  if (thread == 0u && workgroup.x == 0u) {
    keep_statistics(channel, all);
  }
  normalize(part_of(workgroup), channel, thread, all, statistics[row + 2u * p.parts], statistics[row + 2u * p.parts + 1u]);
}
