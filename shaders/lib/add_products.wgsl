// sum + a · b, one multiply-add after the other: GPUs have an instruction for that, and none for dot().

fn add_products(sum: f32, a: vec4f, b: vec4f) -> f32 {
  return sum + a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w;
}
