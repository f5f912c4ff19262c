// y[part, c] = Σ x[n, c, i] over each channel's part of its numbers: the sums of channels where that is one part. Where there are more, the same shader adds
// up the rows of y, which are then an x of channels of a single pixel.
//
// Work: training/lib/channels.wgsl.
#include "training/lib/channels.wgsl"
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
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Σ of a thread's items.
fn thread_sum(part: Part, channel: u32, thread: u32) -> f32 {
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var sums = Value();
  var j = part.first + thread;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    sums += (Value(x[four.at.x]) + Value(x[four.at.y])) + (Value(x[four.at.z]) + Value(x[four.at.w]));
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    sums += Value(x[place.at]);
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
  // threads beyond the last channel sum it up once more, and keep it to themselves
  share_sum(thread_sum(part_of(workgroup), min(channel, p.c - 1u), thread), lane, thread);
  if (thread == 0u && channel < p.c) {
    y[workgroup.x * p.c + channel] = total_sum(lane);
  }
}
