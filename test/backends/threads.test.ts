/** Kernels split their outputs, never their sums: any number of workers computes the same bits, and none writes outside the outputs. */
import { beforeAll, describe, expect, it } from "vitest";
import { bindShape, sizeOf, type Value } from "../../src/graph/graph.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { type OpCase, title } from "../ops/case.ts";
import { allCases } from "../ops/cases.ts";
import { oneNode, rounded } from "../ops/one_node.ts";
import { Workers } from "./workers.ts";

/** The plan of a case and what its memory holds; null where no kernel runs. */
function prepare(testCase: OpCase) {
  const { graph, inputs, tensors, outputs } = oneNode(testCase);
  const batch = graph.inputs.reduce((found, name) => {
    const { shape } = graph.values[name] as Value;
    return shape[0] === "N" ? (inputs[name]?.length ?? 0) / sizeOf(shape.slice(1) as number[]) : found;
  }, 1);
  const names = Object.values(outputs);
  const plan = makePlan(graph, trainingOps, batch, names);
  const elements = (name: string): number => sizeOf(bindShape((graph.values[name] as Value).shape, batch));
  return { plan, tensors: rounded(graph, { ...inputs, ...tensors }), outputs: names.map((name) => ({ name, elements: elements(name) })) };
}

describe.each(["relaxed", "baseline"] as const)("%s SIMD", (simd) => {
  let workers: Workers;
  beforeAll(async () => {
    workers = await Workers.create(simd);
  });

  it.each(allCases.map((testCase) => [title(testCase), testCase] as const))("%s", (_title, testCase) => {
    const { plan, tensors, outputs } = prepare(testCase);
    const alone = workers.run(plan, 1, tensors, outputs, false);
    expect(alone.stray, "a byte outside the outputs").toBe(-1);
    for (const [count, helpers] of [
      [2, true],
      [3, true],
      [3, false],
      [5, true],
    ] as const) {
      const by = `${count} workers${helpers ? "" : ", of whom one came"}`;
      const { bytes, stray } = workers.run(plan, count, tensors, outputs, helpers);
      expect(stray, `a byte outside the outputs, by one of ${by}`).toBe(-1);
      bytes.forEach((got, i) => {
        expect(Buffer.compare(got, alone.bytes[i] as Uint8Array), `bits of ${outputs[i]?.name} by ${by}`).toBe(0);
      });
    }
  });
});
