// dx of batch_norm_grad for a thread's items of a part.

// The statistics do not depend on x.
override FROZEN: bool = false;

struct Line {
  mean: f32,
  // gamma · inv
  scale: f32,
  // dbeta / m
  shift: f32,
  // −gamma · inv² · dgamma / m
  slope: f32,
}

fn line_of(mean: f32, inv: f32, gamma: f32, dgamma: f32, dbeta: f32) -> Line {
  let scale = gamma * inv;
  let m = numbers();
  return Line(mean, scale, dbeta / m, -scale * inv * (dgamma / m));
}

fn dx_of(line: Line, v: Value, g: Value) -> Value {
  if (FROZEN) {
    return line.scale * g;
  }
  return fma(g - line.shift, Value(line.scale), line.slope * (v - line.mean));
}

fn write_dx(part: Part, channel: u32, thread: u32, line: Line) {
  let stride = stride_of();
  var place = place_of(channel, part.first + thread);
  var j = part.first + thread;
  for (; j + 3u * THREADS < part.end; j += 4u * THREADS) {
    let four = four_from(place, stride);
    let a = dx_of(line, Value(x[four.at.x]), Value(dy[four.at.x]));
    let b = dx_of(line, Value(x[four.at.y]), Value(dy[four.at.y]));
    let c = dx_of(line, Value(x[four.at.z]), Value(dy[four.at.z]));
    let d = dx_of(line, Value(x[four.at.w]), Value(dy[four.at.w]));
    dx[four.at.x] = Item(a);
    dx[four.at.y] = Item(b);
    dx[four.at.z] = Item(c);
    dx[four.at.w] = Item(d);
    place = four.next;
  }
  for (; j < part.end; j += THREADS) {
    dx[place.at] = Item(dx_of(line, Value(x[place.at]), Value(dy[place.at])));
    place = next(place, stride);
  }
}
