// The activation functions: the one place where their formulas stand for every shader. ACTIVATION is the op table's code (src/ops/activation.ts), which
// ops hand on in their slot `fn`; 0 is the identity, which only epilogues use. The slope of a rotated activation is a factor of the caller's.
//
// select and a comparison, not max and min: those may turn a NaN into a number, and a loss that has become NaN should be seen. `<=` is false for NaN,
// so that it stays, and true for −0, which becomes 0.
#include "lib/value.wgsl"

override ACTIVATION: u32 = 0;
const RELU = 1u;
const RELU6 = 2u;

fn activate(v: Value) -> Value {
  if (ACTIVATION == RELU) {
    return select(v, Value(0.0), v <= Value(0.0));
  }
  if (ACTIVATION == RELU6) {
    return select(select(v, Value(0.0), v <= Value(0.0)), Value(6.0), v >= Value(6.0));
  }
  return v;
}
