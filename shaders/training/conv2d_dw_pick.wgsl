// picked[k, i, j] = x[k, i·sh, j·sw]: the pixels that a 1×1 convolution with a stride reads, side by side for conv2d_dw_1x1.wgsl.
//
// x [planes, ih, iw]; picked [planes, oh, ow]. One element a thread.
#include "lib/grid.wgsl"

struct Params {
  n: u32,
  cin: u32,
  ih: u32,
  iw: u32,
  oh: u32,
  ow: u32,
  sh: u32,
  sw: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> picked: array<f32>;

override WORKGROUP: u32 = 64;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = linear_workgroup(workgroup, workgroups) * WORKGROUP + local;
  if (index >= p.n * p.cin * p.oh * p.ow) {
    return;
  }
  let j = index % p.ow;
  let i = index / p.ow % p.oh;
  let plane = index / p.ow / p.oh;
  picked[index] = x[(plane * p.ih + i * p.sh) * p.iw + j * p.sw];
}
