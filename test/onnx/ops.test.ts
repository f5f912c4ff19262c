/** Every op as ONNX Runtime computes it from our file. */
import { describe, expect, it } from "vitest";
import type { OnnxOptions } from "../../src/onnx/index.ts";
import { onnxRules } from "../../src/onnx/table.ts";
import { ops } from "../../src/ops/index.ts";
import { type OpCase, title } from "../ops/case.ts";
import { inferenceCases } from "../ops/cases.ts";
import { rounded } from "../ops/one_node.ts";
import { oracleOf } from "../ops/tolerance.ts";
import { checkModel } from "./runtime.ts";

async function check(testCase: OpCase, options?: OnnxOptions): Promise<void> {
  const { node, expected: want, bounds } = oracleOf(testCase);
  const { graph, outputs } = node;
  const allowed = bounds();
  const expected = Object.fromEntries(
    Object.entries(outputs).map(([slot, name]) => [name, { want: want[slot] as Float64Array, allowed: allowed[slot] as Float64Array }]),
  );
  const free = graph.inputs.find((name) => graph.values[name]?.shape[0] === "N");
  const batch = testCase.shapes[free ?? ""]?.[0] ?? 1;
  await checkModel({ graph, tensors: rounded(graph, node.tensors) }, rounded(graph, node.inputs), batch, expected, options);
}

describe("every op, run by ONNX Runtime, is what the reference says", () => {
  it.each(inferenceCases.map((testCase) => [title(testCase), testCase] as const))("%s", (_title, testCase) => check(testCase));
});

describe("in the newest operator set too", () => {
  const one = Object.keys(onnxRules).flatMap((op) => inferenceCases.filter((testCase) => testCase.op === op).slice(-1));
  it.each(one.map((testCase) => [title(testCase), testCase] as const))("%s", (_title, testCase) => check(testCase, { opset: 26 }));
});

it("has a rule for every op", () => {
  expect(Object.keys(onnxRules).sort()).toEqual(Object.keys(ops).sort());
});
