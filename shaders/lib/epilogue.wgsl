// The epilogue of convolutions and matrix products: y = slope · act(bias + residual + sum), the sum being theirs. Bias and slope belong to a channel (an
// output feature of a matrix product), the residual to an element. What is left out costs nothing: drivers drop the branches of constants that are false.
//
// The shader that includes this binds bias, slope and residual, in lib/elem.wgsl's Elem. Each thread loads its channel's part once and uses it for all of
// its sums of that channel.
#include "lib/activate.wgsl"

override has_bias: bool = false;
override has_slope: bool = false;
override has_residual: bool = false;

struct Epilogue {
  bias: f32,
  slope: f32,
  // whether the residual has this channel
  adds: bool,
}

fn epilogue_of(channel: u32) -> Epilogue {
  return epilogue_at(channel, channel);
}

// Where filters o and channels are not numbered alike: bias goes with the filter, slope with the channel.
fn epilogue_at(of_filter: u32, channel: u32) -> Epilogue {
  var e = Epilogue(0.0, 1.0, true);
  if (has_bias) {
    e.bias = f32(bias[of_filter]);
  }
  if (has_slope) {
    e.slope = f32(slope[channel]);
  }
  return e;
}

// `i` is the element's index in residual.
fn apply_epilogue(e: Epilogue, sum: f32, i: u32) -> f32 {
  var v = sum;
  if (has_bias) {
    v += e.bias;
  }
  if (has_residual && e.adds) {
    v += f32(residual[i]);
  }
  v = activate(v);
  if (has_slope) {
    v *= e.slope;
  }
  return v;
}
