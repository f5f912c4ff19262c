// dbeta = Σ dy and Σ dy · (x − mean), which is dgamma but for a factor, over a thread's items of a part.

alias Sum = vec2f;

fn thread_sums(part: Part, channel: u32, thread: u32, mean: f32) -> Sum {
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var sums = Value();
  var products = Value();
  var j = part.first + thread;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    let a = Value(dy[four.at.x]);
    let b = Value(dy[four.at.y]);
    let c = Value(dy[four.at.z]);
    let d = Value(dy[four.at.w]);
    sums += (a + b) + (c + d);
    products += fma(a, Value(x[four.at.x]) - mean, b * (Value(x[four.at.y]) - mean));
    products += fma(c, Value(x[four.at.z]) - mean, d * (Value(x[four.at.w]) - mean));
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    let a = Value(dy[place.at]);
    sums += a;
    products = fma(a, Value(x[place.at]) - mean, products);
    place = next(place, stride);
  }
  return vec2f(sum_of(sums), sum_of(products));
}
