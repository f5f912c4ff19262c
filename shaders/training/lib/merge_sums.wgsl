// Sums over the threads of each channel of a workgroup (see channels.wgsl), of whatever the shader calls Sum: f32 or a vector of them.
//
// No tree: everybody who needs a total adds up the THREADS sums, which stand side by side. They are few, and a barrier for every level of a tree
// would cost more. The order is fixed, so that a sum has the same bits on every run.

const MOST_THREADS = 64u;
var<workgroup> own_sums: array<Sum, MOST_THREADS>;

// Takes each thread's own sum. All threads must call it, once.
fn share_sum(own: Sum, lane: u32, thread: u32) {
  own_sums[thread * CHANNELS + lane] = own;
  workgroupBarrier();
}

// The total of a channel, after share_sum.
fn total_sum(lane: u32) -> Sum {
  var sum = Sum();
  // THREADS is a multiple of four
  for (var i = 0u; i < THREADS; i += 4u) {
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      sum += own_sums[(i + k) * CHANNELS + lane];
    }
  }
  return sum;
}
