/** Ops that only rename the dimensions of the same memory: no kernel runs. */
import { type Dim, sizeOf } from "../graph/graph.ts";
import { ints } from "./attrs.ts";
import { defineOp, fixed } from "./define.ts";

/** [N, …] → [N, product of the rest]. A channel becomes a block of features. */
export const flatten = defineOp({
  name: "flatten",
  inputs: { x: "required" },
  integers: ["x"],
  infer(io) {
    const { dtype, shape } = io.type("x");
    const [n = "N", ...rest] = shape;
    return { y: { dtype, shape: [n, sizeOf(rest.map((dim) => fixed(io, "x", dim)))] } };
  },
  steps: () => [],
  shares: { y: "x" },
  channels: (io) => [{ a: ["x", 1], b: ["y", 1], map: { kind: "block", size: sizeOf(io.shape("x").slice(2)) } }],
});

/** [N, …] → [N, …shape]; the number of elements per example stays. */
export const reshape = defineOp({
  name: "reshape",
  inputs: { x: "required" },
  integers: ["x"],
  attrs: { shape: ints(undefined, 1) },
  infer(io) {
    const { dtype, shape } = io.type("x");
    const [n = "N", ...rest] = shape;
    const have = sizeOf(rest.map((dim) => fixed(io, "x", dim)));
    const want = sizeOf(io.attrs.shape);
    if (have !== want) throw io.fail("E_SHAPE", `x has ${have} elements per example, shape [${io.attrs.shape.join(", ")}] holds ${want}`);
    return { y: { dtype, shape: [n, ...io.attrs.shape] as Dim[] } };
  },
  steps: () => [],
  shares: { y: "x" },
  // channels pass through where the second dimension keeps its meaning, as blocks where it splits or merges whole channels
  channels: (io) => {
    const x = io.shape("x");
    const y = io.shape("y");
    const perX = sizeOf(x.slice(2));
    const perY = sizeOf(y.slice(2));
    if (perX % perY === 0) return [{ a: ["x", 1], b: ["y", 1], map: { kind: "block", size: perX / perY } }];
    if (perY % perX === 0) return [{ a: ["y", 1], b: ["x", 1], map: { kind: "block", size: perY / perX } }];
    return [];
  },
});
