// Moments (moments.wgsl) of each channel's part of x: every thread's own, then, as in merge_sums.wgsl, those of all.

const MOST_THREADS = 64u;
var<workgroup> own_moments: array<Moments, MOST_THREADS>;

// Those of a thread's items, relative to base_of(channel).
fn thread_moments(part: Part, channel: u32, thread: u32) -> Moments {
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var j = part.first + thread;
  if (j >= part.end) {
    return Moments(0.0, 0.0, 0.0);
  }
  let pilot = vec4f(Value(x[place.at])).x;
  var sums = Value();
  var squares = Value();
  var count = 0.0;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    let a = Value(x[four.at.x]) - pilot;
    let b = Value(x[four.at.y]) - pilot;
    let c = Value(x[four.at.z]) - pilot;
    let d = Value(x[four.at.w]) - pilot;
    sums += (a + b) + (c + d);
    squares += fma(a, a, b * b) + fma(c, c, d * d);
    count += 4.0;
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    let a = Value(x[place.at]) - pilot;
    sums += a;
    squares = fma(a, a, squares);
    count += 1.0;
    place = next(place, stride);
  }
  return moments_of(Merger(pilot - base_of(channel), count * f32(ITEM), sum_of(sums), sum_of(squares)));
}

// Takes each thread's own moments. All threads must call it, once.
fn share_moments(own: Moments, lane: u32, thread: u32) {
  own_moments[thread * CHANNELS + lane] = own;
  workgroupBarrier();
}

// Those of the whole part, after share_moments. A part has numbers, so its first thread has.
fn total_moments(lane: u32) -> Moments {
  var all = merge_from(own_moments[lane].mean);
  // THREADS is a multiple of four
  for (var i = 0u; i < THREADS; i += 4u) {
    // @unroll
    for (var k = 0u; k < 4u; k++) {
      all = merge(all, own_moments[(i + k) * CHANNELS + lane]);
    }
  }
  return moments_of(all);
}
