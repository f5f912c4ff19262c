// Both gradients of y = slope[c] · f(x), x and dy being read once:
//   dx[n, c, i] = slope[c] · f'(x) · dy, or f'(x) · dy where there is no slope,
//   dslope[part, c] = Σ f(x) · dy over each channel's part of its numbers.
// x, dy, dx [n, c, hw]; slope [c]; f is ACTIVATION (lib/activate.wgsl).
//
// Work: training/lib/channels.wgsl. Where a channel has more than one part, channel_sum adds up the rows of dslope.
#include "training/lib/channels.wgsl"
#include "lib/activate.wgsl"
#include "training/lib/activate_grad.wgsl"
alias Sum = f32;
#include "training/lib/merge_sums.wgsl"

struct Params {
  n: u32,
  c: u32,
  hw: u32,
  per_part: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<Item>;
@group(0) @binding(2) var<storage, read> dy: array<Item>;
@group(0) @binding(3) var<storage, read> slope: array<f32>;
@group(0) @binding(4) var<storage, read_write> dx: array<Item>;
@group(0) @binding(5) var<storage, read_write> dslope: array<f32>;

override has_slope: bool = false;

// dx of a thread's items of a part; returns their share of dslope.
fn compute(part: Part, channel: u32, thread: u32) -> f32 {
  var factor = 1.0;
  if (has_slope) {
    factor = slope[channel];
  }
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var sums = Value();
  var j = part.first + thread;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    let v = array(Value(x[four.at.x]), Value(x[four.at.y]), Value(x[four.at.z]), Value(x[four.at.w]));
    let g = array(Value(dy[four.at.x]), Value(dy[four.at.y]), Value(dy[four.at.z]), Value(dy[four.at.w]));
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      sums = fma(activate(v[k]), g[k], sums);
      dx[four.at[k]] = Item(factor * activate_grad(v[k], g[k]));
    }
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    let v = Value(x[place.at]);
    let g = Value(dy[place.at]);
    sums = fma(activate(v), g, sums);
    dx[place.at] = Item(factor * activate_grad(v, g));
    place = next(place, stride);
  }
  return sum_of(sums);
}

@compute @workgroup_size(CHANNELS, THREADS)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let lane = local.x;
  let thread = local.y;
  let channel = channel_of(workgroup, workgroups, lane);
  var own = 0.0;
  if (channel < p.c) {
    own = compute(part_of(workgroup), channel, thread);
  }
  share_sum(own, lane, thread);
  if (thread == 0u && channel < p.c) {
    dslope[workgroup.x * p.c + channel] = total_sum(lane);
  }
}
