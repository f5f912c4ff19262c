/**
 * Gradient of `y = slope[c] · f(x)`: `dx = slope[c] · f'(x) · dy`, and where it is asked for `dslope[c] = Σ_{n,pixels} f(x) · dy`.
 * f' is 0 at the kinks, as in PyTorch.
 */
import { ACTIVATIONS, activationKernelSlots, activationNames, channelsOf, channelView } from "../../../src/ops/activation.ts";
import { choice } from "../../../src/ops/attrs.ts";
import { defineOp } from "../../../src/ops/define.ts";

export const activationGrad = defineOp({
  name: "activation_grad",
  inputs: { x: "required", dy: "required", slope: "optional" },
  outputs: { dx: "required", dslope: "optional" },
  attrs: { fn: choice(activationNames) },
  infer(io) {
    const channels = channelsOf(io, "x");
    io.expect("slope", [channels], "one slope per channel of x");
    io.expect("dy", io.type("x").shape, "the shape of x");
    return { dx: io.type("x"), dslope: { dtype: "f32", shape: [channels] } };
  },
  params: activationKernelSlots,
  fill: (io) => ({ ...channelView(io.shape("x")), fn: ACTIVATIONS[io.attrs.fn] }),
});
