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
  return Epilogue(bias_of(channel), slope_of(channel), true);
}

fn bias_of(channel: u32) -> f32 {
  if (has_bias) {
    return f32(bias[channel]);
  }
  return 0.0;
}

fn slope_of(channel: u32) -> f32 {
  if (has_slope) {
    return f32(slope[channel]);
  }
  return 1.0;
}

// `i` is the element's index in residual.
fn apply_epilogue(e: Epilogue, sum: f32, i: u32) -> f32 {
  if (has_bias) {
    return finish(e, sum + e.bias, i);
  }
  return finish(e, sum, i);
}

// For sums that began with the bias, which saves an addition for each.
fn finish(e: Epilogue, sum: f32, i: u32) -> f32 {
  var v = sum;
  if (has_residual && e.adds) {
    v += f32(residual[i]);
  }
  v = activate(v);
  if (has_slope) {
    v *= e.slope;
  }
  return v;
}
