// Whether a number is NaN, by its bits: compilers may assume that there is none, and then `v != v` is false.

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

// A constant that is NaN would be refused; these bits are known only when the shader runs.
fn not_a_number() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}
