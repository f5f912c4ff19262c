// Derivatives of the activation functions (lib/activate.wgsl).

// f'(v) · g. At a kink f' is 0; where v is NaN g passes, as in PyTorch.
fn activate_grad(v: Value, g: Value) -> Value {
  if (ACTIVATION == RELU) {
    return select(g, Value(), v <= Value());
  }
  if (ACTIVATION == RELU6) {
    return select(select(g, Value(), v <= Value()), Value(), v >= Value(6.0));
  }
  return g;
}
