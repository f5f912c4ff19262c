// Count, mean and Σ (x − mean)² of numbers, without the cancellation of Σx² − (Σx)² / m: sums are taken of d = x − pilot, where the pilot is the first of
// the numbers. Then Σd² is at most as many times the result as there are numbers, usually about as large as it, and numbers that are all equal give 0.
// The moments of parts are merged the same way, their means in the place of the numbers; so sums stay short, and rounding with them.
//
// Means are relative to a base, some number of the channel: around 1000 floats are 6e-5 apart, and means of parts may differ by less.

struct Moments {
  count: f32,
  // Less the base.
  mean: f32,
  // Σ (x − mean)²
  squares: f32,
}

// The first number of a channel of x.
fn base_of(channel: u32) -> f32 {
  return vec4f(Value(x[channel * p.hw])).x;
}

// Numbers, or means of parts, while they come in: their count, Σd, and Σd² with what the parts had themselves.
struct Merger {
  pilot: f32,
  count: f32,
  sum: f32,
  squares: f32,
}

fn merge_from(pilot: f32) -> Merger {
  return Merger(pilot, 0.0, 0.0, 0.0);
}

fn merge(so_far: Merger, part: Moments) -> Merger {
  let d = part.mean - so_far.pilot;
  let weighted = part.count * d;
  return Merger(
    so_far.pilot,
    so_far.count + part.count,
    so_far.sum + weighted,
    so_far.squares + fma(weighted, d, part.squares),
  );
}

fn moments_of(all: Merger) -> Moments {
  let d = select(0.0, all.sum / all.count, all.count > 0.0);
  let squares = all.squares - all.sum * d;
  // not max(): a NaN should be seen
  return Moments(all.count, all.pilot + d, select(squares, 0.0, squares < 0.0));
}
