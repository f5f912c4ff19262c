// What batch_norm_train does with the moments of a channel, whether it takes one dispatch or two.

// Writes a channel's statistics and moves the running ones. One thread of a channel calls it.
fn keep_statistics(channel: u32, all: Moments) {
  let center = base_of(channel) + all.mean;
  mean[channel] = center;
  variance[channel] = all.squares / all.count;
  running_mean[channel] += p.momentum * (center - running_mean[channel]);
  // of a single number there is no unbiased variance: it counts as 0
  let unbiased = all.squares / max(1.0, all.count - 1.0);
  running_var[channel] += p.momentum * (unbiased - running_var[channel]);
}

// y = (x − mean) · scale + beta for a thread's items of a part, where scale = gamma / √(variance + eps).
fn normalize(part: Part, channel: u32, thread: u32, all: Moments, gamma: f32, beta: f32) {
  let center = base_of(channel) + all.mean;
  let scale = Value(gamma / sqrt(all.squares / all.count + p.eps));
  let shift = Value(beta);
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var j = part.first + thread;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    let a = Value(x[four.at.x]);
    let b = Value(x[four.at.y]);
    let c = Value(x[four.at.z]);
    let d = Value(x[four.at.w]);
    y[four.at.x] = Item(fma(a - center, scale, shift));
    y[four.at.y] = Item(fma(b - center, scale, shift));
    y[four.at.z] = Item(fma(c - center, scale, shift));
    y[four.at.w] = Item(fma(d - center, scale, shift));
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    y[place.at] = Item(fma(Value(x[place.at]) - center, scale, shift));
    place = next(place, stride);
  }
}
