/** What can be said of the reference without another oracle: it covers every op, computes every case, and keeps the executable's promises. */
import { describe, expect, it } from "vitest";
import type { TensorData } from "../../src/backends/backend.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { ReferenceBackend, reference } from "../../src/reference/index.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { referenceTrainingBackend, trainingReference } from "../../training/reference/index.ts";
import { title } from "./case.ts";
import { allCases, inferenceCases } from "./cases.ts";

describe("tables", () => {
  it.each(Object.entries(trainingOps))("%s is filed under its own name", (key, def) => {
    expect(def.name).toBe(key);
  });

  it("has a reference kernel for every op and none for others", () => {
    expect(Object.keys(reference).sort()).toEqual(Object.keys(ops).sort());
    expect(Object.keys(trainingReference).sort()).toEqual(Object.keys(trainingOps).sort());
  });

  it.each(Object.keys(trainingOps))("%s has cases", (op) => {
    expect(allCases.filter((testCase) => testCase.op === op).length).toBeGreaterThan(0);
  });

  it("has cases of different names for each op", () => {
    const titles = allCases.map(title);
    expect(titles.filter((name, i) => titles.indexOf(name) !== i)).toEqual([]);
  });

  it("keeps cases of training ops out of those for inference", () => {
    expect(inferenceCases.filter((testCase) => !Object.hasOwn(ops, testCase.op))).toEqual([]);
  });
});

/** relu(x · wᵀ), with w a range of a block, and integers that pass through. */
function smallGraph(): Graph {
  const builder = new GraphBuilder(ops);
  builder.input("x", ["N", 3]);
  builder.input("labels", ["N", 2], "i32");
  builder.param("block", [10]);
  builder.param("w", [2, 3], { of: "block", offset: 4 });
  builder.add("linear", "y", { x: "x", w: "w" }, { activation: "relu" });
  builder.add("flatten", "same", { x: "y" });
  builder.add("flatten", "again", { x: "labels" });
  builder.output("same", "again");
  return builder.build();
}

const x = Float32Array.of(1, 2, 3, -1, -2, -3);
const labels = Int32Array.of(7, 8, 9, 10);

describe("the executable", () => {
  it("runs in float64 and gives float32 and int32", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: { w: Float32Array.of(0.1, 0, 0, 0, 1, 1) } });
    const tenth = Math.fround(0.1);
    expect(await executable.run({ x, labels })).toEqual({ same: Float32Array.of(tenth, 5, 0, 0), again: labels });
    expect(executable.runExact({ x: Float64Array.of(1e-9, 0, 0), labels: Int32Array.of(1, 2) })).toEqual({
      same: Float64Array.of(1e-9 * tenth, 0),
      again: Float64Array.of(1, 2),
    });
  });

  it("reads back any value, inputs too", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: { w: new Float32Array(6).fill(1) } });
    expect(await executable.run({ x, labels }, { outputs: ["y", "x", "w"] })).toEqual({
      y: Float32Array.of(6, 6, 0, 0),
      x,
      w: new Float32Array(6).fill(1),
    });
    expect(await executable.run({ x, labels }, { outputs: [] })).toEqual({});
  });

  it("keeps views in their blocks: a write through one is read through the other", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), {
      tensors: { block: Float32Array.from({ length: 10 }, (_, i) => i) },
    });
    expect(await executable.read("w")).toEqual(Float32Array.of(4, 5, 6, 7, 8, 9));
    await executable.write("w", new Float32Array(6));
    expect(await executable.read("block")).toEqual(Float32Array.of(0, 1, 2, 3, 0, 0, 0, 0, 0, 0));
  });

  it("gives copies: nothing that callers hold changes a later run", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: { w: new Float32Array(6).fill(1) } });
    const first = await executable.run({ x, labels });
    for (const data of Object.values(first)) data.fill(99);
    (await executable.read("w")).fill(99);
    expect((await executable.run({ x, labels })).same).toEqual(Float32Array.of(6, 6, 0, 0));
    expect(x[0]).toBe(1);
  });

  it("updates in place through shared memory, run after run", () => {
    const builder = new GraphBuilder(trainingOps);
    builder.param("block", [4]);
    builder.state("velocity", [4]);
    builder.input("grad", [4]);
    builder.input("hyper", [4]);
    builder.output(...Object.values(builder.node("sgd", "update", { param: "block", grad: "grad", velocity: "velocity", hyper: "hyper" })));
    const executable = referenceTrainingBackend().compileExact(builder.build(), { block: Float64Array.of(1, 2, 3, 4) });
    const inputs = { grad: Float64Array.of(1, 0, -1, 2), hyper: Float64Array.of(0.5, 1, 0, 0) };
    executable.runExact(inputs);
    expect(executable.runExact(inputs)["update.next_param"]).toEqual(Float64Array.of(-0.5, 2, 4.5, 1));
    expect(executable.readExact("block")).toEqual(Float64Array.of(-0.5, 2, 4.5, 1));
    expect(executable.readExact("velocity")).toEqual(Float64Array.of(2, 0, -2, 4));
  });

  it("times every node and says what it is", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: {} });
    const times = await executable.profile({ x, labels });
    expect(times.map(({ name, op, macs }) => [name, op, macs])).toEqual([
      ["y", "linear", 12],
      ["same", "flatten", 0],
      ["again", "flatten", 0],
    ]);
    expect(executable.explain()).toMatchObject({ backend: "reference", threads: 1, macs: 6, bytes: { weights: 80 } });
  });

  it("stops for a signal, and runs again after it", async () => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: {} });
    const abort = new AbortController();
    const run = executable.run({ x, labels }, { signal: abort.signal });
    abort.abort();
    await expect(run).rejects.toMatchObject({ name: "AbortedError", code: "E_ABORTED" });
    await expect(executable.run({ x, labels })).resolves.toBeDefined();
  });

  it("is dead after dispose", async () => {
    const backend = new ReferenceBackend();
    const executable = await backend.compile(smallGraph(), { tensors: {} });
    backend.dispose();
    await expect(executable.run({ x, labels })).rejects.toMatchObject({ code: "E_DISPOSED" });
    await expect(executable.read("w")).rejects.toMatchObject({ code: "E_DISPOSED" });
  });

  it("says which op it has no kernel for", async () => {
    const { linear: _, ...rest } = reference;
    await expect(new ReferenceBackend(ops, rest).compile(smallGraph(), { tensors: {} })).rejects.toThrow(/E_UNSUPPORTED linear "y"/);
  });
});

describe("what is handed in", () => {
  const bad: readonly [what: string, inputs: Readonly<Record<string, unknown>>, message: RegExp][] = [
    ["a missing input", { x }, /^E_INPUT input "labels" is missing; .*"x", Float32Array \[N, 3\]/],
    ["an unknown input", { x, labels, z: x }, /^E_INPUT the graph has no input "z"; .*"x"/],
    ["an inherited name", { x, labels, toString: x }, /^E_INPUT the graph has no input "toString"/],
    ["part of an example", { x: x.subarray(1), labels }, /^E_INPUT input "x" has 5 elements; expected 3 for each example/],
    ["no example at all", { x: new Float32Array(), labels: new Int32Array() }, /^E_INPUT input "x" has 0 elements/],
    ["two batches", { x, labels: labels.subarray(2) }, /^E_INPUT input "labels" holds 1 examples, "x" holds 2/],
    ["floats for integers", { x, labels: Float32Array.from(labels) }, /^E_INPUT input "labels" is Float32Array; expected Int32Array/],
    ["float64 for float32", { x: Float64Array.from(x), labels }, /^E_INPUT input "x" is Float64Array; expected Float32Array/],
    ["bytes", { x: new Uint8Array(6), labels }, /^E_INPUT input "x" is Uint8Array/],
    ["a plain array", { x: [...x], labels }, /^E_INPUT input "x" is object; expected Float32Array/],
    ["null", { x: null, labels }, /^E_INPUT input "x" is null/],
  ];

  it.each(bad)("%s is refused", async (_what, inputs, message) => {
    const executable = await new ReferenceBackend().compile(smallGraph(), { tensors: {} });
    const run = executable.run(inputs as Record<string, TensorData>);
    await expect(run).rejects.toMatchObject({ name: "InputError", code: "E_INPUT" });
    await expect(run).rejects.toThrow(message);
  });

  it("tensors of wrong names, lengths and types are refused", async () => {
    const compile = (tensors: Record<string, TensorData>) => new ReferenceBackend().compile(smallGraph(), { tensors });
    await expect(compile({ v: x })).rejects.toThrow(/^E_INPUT "v" is no parameter or state/);
    await expect(compile({ y: x })).rejects.toThrow(/^E_INPUT "y" is no parameter or state/);
    await expect(compile({ w: x.subarray(1) })).rejects.toThrow(/^E_INPUT "w" has 5 elements; expected 6 \(\[2, 3\]\)/);
    await expect(compile({ w: labels })).rejects.toThrow(/^E_INPUT "w" is Int32Array; expected Float32Array/);
    const executable = await compile({});
    await expect(executable.write("w", x.subarray(1))).rejects.toThrow(/^E_INPUT "w" has 5 elements/);
    await expect(executable.read("y")).rejects.toThrow(/^E_INPUT "y" is no parameter or state/);
    await expect(executable.run({ x, labels }, { outputs: ["nothing"] })).rejects.toThrow(
      /^E_INPUT the graph has no value "nothing" to read/,
    );
  });
});
