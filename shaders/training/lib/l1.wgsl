// L1 regularisation of strength `l1` in optimizers, four parameters at a time: as a subgradient, or where PROXIMAL as a soft threshold after the update,
// which reaches exact zeros.

override PROXIMAL: bool = false;

// What l1 · |v| adds to the gradient: l1 · sign(v), nothing at 0.
fn subgradient(v: vec4f, l1: f32) -> vec4f {
  if (PROXIMAL) {
    return vec4f();
  }
  return l1 * sign(v);
}

// sign(v) · max(0, |v| − threshold), where it is wanted. Not max(): a NaN should be seen.
fn shrink(v: vec4f, threshold: f32) -> vec4f {
  if (PROXIMAL) {
    let size = abs(v) - threshold;
    return sign(v) * select(size, vec4f(), size < vec4f());
  }
  return v;
}
