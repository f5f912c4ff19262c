/** Runs single ops on the reference, tensor in, tensor out: for tests that chain a few. */
import type { TrainingOpName } from "../../training/ops/index.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import type { OpCase, Values } from "./case.ts";
import { oneNode } from "./one_node.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Output slot → tensor, in float64. */
export function apply(
  op: TrainingOpName,
  inputs: Readonly<Record<string, Tensor>>,
  attrs: OpCase["attrs"] = {},
  outputs?: readonly string[],
): (slot: string) => Tensor {
  const entries = Object.entries(inputs);
  const node = oneNode({
    name: "applied",
    op,
    attrs,
    outputs,
    shapes: Object.fromEntries(entries.map(([slot, { shape }]) => [slot, shape])),
    values: Object.fromEntries(entries.map(([slot, { data }]): [string, Values] => [slot, { kind: "given", data: [...data] }])),
  });
  const results = referenceTrainingBackend().compileExact(node.graph, node.tensors).runExact(node.inputs);
  return (slot) => {
    const name = node.outputs[slot] as string;
    const data = results[name] as Float64Array;
    const shape = node.graph.values[name]?.shape ?? [];
    const perExample = shape.slice(1).reduce<number>((product, dim) => product * (dim as number), 1);
    return { shape: shape.map((dim) => (dim === "N" ? data.length / perExample : dim)), data };
  };
}
