/** The float64 reference against PyTorch (tools/fixtures/make_ops.py): every op, every gradient op, and optimizers over several steps. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { title } from "./case.ts";
import { allCases } from "./cases.ts";
import { fingerprint, hasFixture, outputSlots, readFixtures, withoutPeer } from "./fixtures.ts";
import { expectWithin } from "./harness.ts";
import { oneNode } from "./one_node.ts";
import { type Sequence, sequences } from "./sequences.ts";

const RELATIVE = 1e-10;

/** Every element within 1e-10 of the tensor's largest. */
function expectSame(what: string, got: Float64Array, want: Float64Array): void {
  const largest = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expectWithin(what, got, want, new Float64Array(want.length).fill(RELATIVE * largest));
}

describe("one op", () => {
  const fixtures = readFixtures("cases.safetensors");
  const compared = allCases.filter(hasFixture);

  it("has a fixture for every op", () => {
    expect(Object.keys(trainingOps).filter((op) => !compared.some((testCase) => testCase.op === op))).toEqual([]);
  });

  it.each(compared.map((testCase) => [title(testCase), testCase] as const))("%s", (name, testCase) => {
    expect(fixtures.metadata[name], "the case has changed: run tools/fixtures/make_ops.py again").toBe(fingerprint(testCase));
    const { graph, inputs, tensors, outputs } = oneNode(testCase);
    const results = referenceTrainingBackend().compileExact(graph, tensors).runExact(inputs);
    for (const slot of outputSlots(testCase).filter((slot) => withoutPeer(testCase, slot) === undefined)) {
      const want = fixtures.tensors[`${name}/${slot}`];
      const value = graph.values[outputs[slot] as string];
      expect(
        value?.shape.map((dim, i) => (dim === "N" ? want?.shape[i] : dim)),
        `shape of ${slot}`,
      ).toEqual(want?.shape);
      expectSame(slot, results[outputs[slot] as string] as Float64Array, want?.data as Float64Array);
    }
  });
});

describe("several steps", () => {
  const fixtures = readFixtures("sequences.safetensors");

  it.each(sequences.map((sequence) => [sequence.name, sequence] as const))("%s", (name, sequence) => {
    const { graph, outputs } = graphOf(sequence);
    const executable = referenceTrainingBackend().compileExact(graph, sequence.start);
    let compared = 0;
    sequence.steps.forEach((inputs, step) => {
      const results = executable.runExact(inputs);
      for (const [slot, value] of Object.entries(outputs)) {
        const want = fixtures.tensors[`${name}/${step}/${slot}`];
        if (!want) continue; // PyTorch shows no moments, and statistics only of the first kind
        expectSame(`${slot} after step ${step + 1}`, results[value] as Float64Array, want.data);
        compared++;
      }
    });
    expect(compared).toBeGreaterThanOrEqual(sequence.steps.length);
  });
});

function graphOf({ op, attrs, start, shapes }: Sequence) {
  const builder = new GraphBuilder(trainingOps);
  for (const [slot, shape] of Object.entries(shapes)) {
    if (Object.hasOwn(start, slot)) builder.param(slot, shape);
    else builder.input(slot, shape);
  }
  const names = Object.fromEntries(Object.keys(shapes).map((slot) => [slot, slot]));
  const outputs = builder.node(op, "node", names, attrs);
  builder.output(...Object.values(outputs));
  return { graph: builder.build(), outputs };
}
