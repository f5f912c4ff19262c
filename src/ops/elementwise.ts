/** `add` and `mul`: y = a ∘ b. `b` may have a first dimension of 1 and is then the same for every example of the batch. */
import { sizeOf } from "../graph/graph.ts";
import type { BoundIo, InferIo } from "../graph/op.ts";
import { SAME } from "../graph/ties.ts";
import { defineOp, sameShape, showShape } from "./define.ts";

function inferBinary(io: InferIo<unknown>) {
  const a = io.type("a");
  const b = io.type("b");
  if (!sameShape(a.shape, b.shape) && !(b.shape[0] === 1 && sameShape(a.shape.slice(1), b.shape.slice(1)))) {
    throw io.fail("E_SHAPE", `a is ${showShape(a.shape)}, b is ${showShape(b.shape)}; they must be equal, or b [1, …] for the whole batch`);
  }
  return { y: a };
}

/** size: elements per example; stride: elements from one example of b to the next, 0 where b serves all. */
const binarySlots = { n: "i32", size: "i32", stride: "i32" } as const;

function fillBinary(io: BoundIo<unknown>) {
  const [n = 1, ...rest] = io.shape("a");
  const size = sizeOf(rest);
  return { n, size, stride: io.shape("b")[0] === n ? size : 0 };
}

const channels = () =>
  [
    { a: ["a", 1], b: ["y", 1], map: SAME },
    { a: ["b", 1], b: ["y", 1], map: SAME },
  ] as const;

export const add = defineOp({
  name: "add",
  inputs: { a: "required", b: "required" },
  infer: inferBinary,
  params: binarySlots,
  fill: fillBinary,
  channels,
});
export const mul = defineOp({
  name: "mul",
  inputs: { a: "required", b: "required" },
  infer: inferBinary,
  params: binarySlots,
  fill: fillBinary,
  channels,
});
