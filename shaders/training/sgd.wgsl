// Stochastic gradient descent with momentum, in place on a block of parameters:
//   g = grad + weight_decay · param + l1 · sign(param),
//   velocity = momentum · velocity + g,
//   param −= rate · velocity, or rate · (g + momentum · velocity) where NESTEROV.
// PROXIMAL takes l1 as a soft threshold of the result instead (training/lib/l1.wgsl). hyper: rate, momentum, weight_decay, l1.
//
// Work: four parameters a thread. The last ones may reach into the padding that follows every value.
#include "lib/grid.wgsl"
#include "training/lib/l1.wgsl"

struct Params {
  size: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> param: array<vec4f>;
@group(0) @binding(2) var<storage, read> grad: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(4) var<storage, read> hyper: array<f32>;

override WORKGROUP: u32 = 64;
override NESTEROV: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let i = linear_workgroup(workgroup, workgroups) * WORKGROUP + local;
  if (4u * i >= p.size) {
    return;
  }
  let rate = hyper[0];
  let momentum = hyper[1];
  let weight_decay = hyper[2];
  let l1 = hyper[3];
  let w = param[i];
  let g = grad[i] + weight_decay * w + subgradient(w, l1);
  let v = momentum * velocity[i] + g;
  velocity[i] = v;
  var step = v;
  if (NESTEROV) {
    step = g + momentum * v;
  }
  param[i] = shrink(w - rate * step, rate * l1);
}
