/** Prints the cases and sequences that get fixtures as JSON: `npx tsx test/ops/export_cases.ts`. Read by `tools/fixtures/make_ops.py`. */
import { readAttrs } from "../../src/graph/io.ts";
import type { OpDef } from "../../src/graph/op.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { title, valuesOf } from "./case.ts";
import { allCases } from "./cases.ts";
import { fingerprint, hasFixture, outputSlots, withoutPeer } from "./fixtures.ts";
import { sequences } from "./sequences.ts";

const tensor = (shape: readonly number[], data: Float64Array) => ({ shape, data: [...data] });

/** With the defaults, which PyTorch's side need not know. */
const attrsOf = (op: keyof typeof trainingOps, attrs = {}) =>
  readAttrs({ op, name: "node", inputs: {}, outputs: {}, attrs }, trainingOps[op] as OpDef);

const cases = allCases.filter(hasFixture).map((testCase) => ({
  title: title(testCase),
  fingerprint: fingerprint(testCase),
  op: testCase.op,
  attrs: attrsOf(testCase.op, testCase.attrs),
  inputs: Object.fromEntries(Object.entries(testCase.shapes).map(([slot, shape]) => [slot, tensor(shape, valuesOf(testCase, slot))])),
  outputs: outputSlots(testCase).filter((slot) => withoutPeer(testCase, slot) === undefined),
}));

const series = sequences.map(({ name, op, attrs, shapes, start, steps }) => {
  const tensors = (data: Readonly<Record<string, Float64Array>>) =>
    Object.fromEntries(Object.entries(data).map(([slot, values]) => [slot, tensor(shapes[slot] ?? [], values)]));
  return { title: name, op, attrs: attrsOf(op, attrs), start: tensors(start), steps: steps.map(tensors) };
});

process.stdout.write(JSON.stringify({ cases, sequences: series }));
