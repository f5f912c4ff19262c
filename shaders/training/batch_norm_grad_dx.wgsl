// The second of two dispatches of batch_norm_grad: every workgroup adds up the sums of its channel's parts, which are few, and computes dx of its
// own part. sums: see batch_norm_grad_sums.wgsl; formulas: batch_norm_grad.wgsl.
#include "training/lib/channels.wgsl"
#include "training/lib/batch_norm_dx.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
  parts: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> dy: array<Item>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<Item>;
@group(0) @binding(5) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(6) var<storage, read_write> dbeta: array<f32>;

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
  let row = channel * (2u * p.parts + 3u);
  var total = vec2f();
  for (var i = 0u; i < p.parts; i++) {
    total += vec2f(sums[row + 2u * i], sums[row + 2u * i + 1u]);
  }
  let mean = sums[row + 2u * p.parts];
  let inv = sums[row + 2u * p.parts + 1u];
  let gamma = sums[row + 2u * p.parts + 2u];
  let product = inv * total.y;
  if (thread == 0u && workgroup.x == 0u) {
    dbeta[channel] = total.x;
    dgamma[channel] = product;
  }
  write_dx(part_of(workgroup), channel, thread, line_of(mean, inv, gamma, product, total.x));
}
