// Whether a number is NaN, by its bits: compilers may assume that there is none, and then `v != v` is false.

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}
