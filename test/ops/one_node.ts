/** The graph of one node that a case stands for. */
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph, TensorData, Tensors } from "../../src/graph/graph.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { type OpCase, valuesOf } from "./case.ts";

/** Slots that hold what a model keeps: parameters, statistics, moments. All others are given at each run. */
const PERSISTENT = new Set([
  ...["w", "bias", "slope", "gamma", "beta", "mean", "var"],
  ...["running_mean", "running_var", "param", "velocity", "m", "v", "totals"],
]);

export interface OneNode {
  readonly graph: Graph;
  /** Data of the graph's inputs by slot, which is also the values' name. */
  readonly inputs: Readonly<Record<string, Float64Array>>;
  /** Data of its params and states. */
  readonly tensors: Readonly<Record<string, Float64Array>>;
  /** Output slot → value. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** The batch is free where a slot has one, so that backends must take it from the inputs' lengths. */
export function oneNode(testCase: OpCase): OneNode {
  const def = trainingOps[testCase.op];
  const builder = new GraphBuilder(trainingOps);
  const inputs: Record<string, Float64Array> = {};
  const tensors: Record<string, Float64Array> = {};
  const rows = (slot: string): number => testCase.shapes[slot]?.[0] ?? 0;
  const batch = Math.max(0, ...Object.keys(testCase.shapes).filter(isBatched).map(rows));
  for (const [slot, shape] of Object.entries(testCase.shapes)) {
    const values = valuesOf(testCase, slot);
    if (PERSISTENT.has(slot)) {
      builder.param(slot, shape);
      tensors[slot] = values;
    } else {
      const free = isBatched(slot) && shape[0] === batch && !testCase.fixed?.includes(slot);
      builder.input(slot, free ? ["N", ...shape.slice(1)] : shape, slot === "labels" ? "i32" : "f32");
      inputs[slot] = values;
    }
  }
  const names = Object.fromEntries(Object.keys(testCase.shapes).map((slot) => [slot, slot]));
  const outputs = builder.node(def.name, "node", names, testCase.attrs, { outputs: testCase.outputs });
  builder.output(...Object.values(outputs));
  return { graph: builder.build(), inputs, tensors, outputs };

  function isBatched(slot: string): boolean {
    return !PERSISTENT.has(slot) && (slot === "labels" || (testCase.shapes[slot]?.length ?? 0) > 1);
  }
}

/** The same data as a backend takes it. */
export function rounded(graph: Graph, data: Readonly<Record<string, Float64Array>>): Tensors {
  return Object.fromEntries(
    Object.entries(data).map(([name, values]): [string, TensorData] => [
      name,
      graph.values[name]?.dtype === "i32" ? Int32Array.from(values) : Float32Array.from(values),
    ]),
  );
}
