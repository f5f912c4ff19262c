/** Gradients of linear: `dx[n,i] = Σ_o dy[n,o] · w[o,i]` and `dw[o,i] = Σ_n dy[n,o] · x[n,i]`. */
import { defineOp } from "../../../src/ops/define.ts";
import { fillLinear, linearSlots } from "../../../src/ops/linear.ts";

export const linearDx = defineOp({
  name: "linear_dx",
  inputs: { w: "required", dy: "required" },
  outputs: { dx: "required" },
  infer(io) {
    const [n = "N", cout] = io.dims("dy", 2);
    const [out, cin = 1] = io.dims("w", 2);
    if (cout !== out) throw io.fail("E_CHANNELS", `dy has ${cout} features, w has ${out} rows; they must be equal`);
    return { dx: { dtype: "f32", shape: [n, cin] } };
  },
  macs: (io) => (io.shape("dy")[0] as number) * (io.shape("w")[0] as number) * (io.shape("w")[1] as number),
  params: linearSlots,
  fill: (io) => fillLinear(io.shape("dx"), io.shape("w")),
});

export const linearDw = defineOp({
  name: "linear_dw",
  inputs: { x: "required", dy: "required" },
  outputs: { dw: "required" },
  infer(io) {
    const [n = "N", cin = 1] = io.dims("x", 2);
    const [, cout = 1] = io.dims("dy", 2);
    io.expect("dy", [n, cout], "as many examples as x");
    return { dw: { dtype: "f32", shape: [cout, cin] } };
  },
  macs: (io) => (io.shape("dy")[0] as number) * (io.shape("dw")[0] as number) * (io.shape("dw")[1] as number),
  params: linearSlots,
  fill: (io) => fillLinear(io.shape("x"), io.shape("dw")),
});
