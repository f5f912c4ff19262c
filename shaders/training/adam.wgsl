// Adam, in place on a block of parameters:
//   g = grad + weight_decay · param + l1 · sign(param),
//   m = beta1 · m + (1 − beta1) · g, v = beta2 · v + (1 − beta2) · g²,
//   param −= rate · (m / correction1) / (√(v / correction2) + eps).
// DECOUPLED (AdamW) leaves weight_decay out of g and takes rate · weight_decay · param off the parameter instead. PROXIMAL takes l1 as a soft threshold of
// the result (training/lib/l1.wgsl). hyper: rate, beta1, beta2, eps, weight_decay, l1, correction1 = 1 − beta1^t, correction2 = 1 − beta2^t.
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
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(5) var<storage, read> hyper: array<f32>;

override WORKGROUP: u32 = 64;
override DECOUPLED: bool = false;

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
  let beta1 = hyper[1];
  let beta2 = hyper[2];
  let eps = hyper[3];
  let weight_decay = hyper[4];
  let l1 = hyper[5];
  let correction1 = hyper[6];
  let correction2 = hyper[7];
  var w = param[i];
  var g = grad[i] + subgradient(w, l1);
  if (DECOUPLED) {
    w -= rate * weight_decay * w;
  } else {
    g += weight_decay * w;
  }
  let next_m = beta1 * m[i] + (1.0 - beta1) * g;
  let next_v = beta2 * v[i] + (1.0 - beta2) * g * g;
  m[i] = next_m;
  v[i] = next_v;
  let step = rate * (next_m / correction1) / (sqrt(next_v / correction2) + eps);
  param[i] = shrink(w - step, rate * l1);
}
