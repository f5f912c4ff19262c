import { describe, expect, it } from "vitest";
import { GraphError, InputError } from "../../src/errors.ts";
import { type Graph, sizeOf, type Value } from "../../src/graph/graph.ts";
import { evaluate } from "../../training/evaluate.ts";
import { type ParameterGroup, resolveGroups, slopeGroup } from "../../training/groups.ts";
import { createModel } from "../../training/models/index.ts";
import { Net } from "../../training/net.ts";
import { adam, sgd } from "../../training/optimizers.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { trainingGraph } from "../../training/training_graph.ts";
import { toyBatches, toyDataset, toyModel } from "./toy.ts";

const make = (graph: Graph, groups: readonly ParameterGroup[] = [slopeGroup()], optimizer = sgd({ rate: 0.1 })) =>
  trainingGraph(graph, { groups: resolveGroups(graph, groups), optimizer });

describe("trainingGraph", () => {
  it("lays parameters, gradients and moments out alike, at multiples of 64 elements", () => {
    const { graph } = createModel("small-cnn", { activation: "rrelu", input: { channels: 1, height: 28, width: 28 }, classes: 10 });
    const training = make(graph, [slopeGroup()], adam({ rate: 0.1 }));
    expect(training.blocks.map(({ group, moments, hyper }) => [group.name, moments, hyper])).toEqual([
      ["slopes", { m: "m.slopes", v: "v.slopes" }, "hyper.slopes"],
      ["default", { m: "m.default", v: "v.default" }, "hyper.default"],
    ]);
    const { values } = training.graph;
    for (const { group, params, gradients, moments, size } of training.blocks) {
      let end = 0;
      for (const name of group.members) {
        const view = values[name]?.view as NonNullable<Value["view"]>;
        expect(view.of).toBe(params);
        expect(view.offset % 64).toBe(0);
        expect(view.offset).toBeGreaterThanOrEqual(end);
        end = view.offset + sizeOf(values[name]?.shape as number[]);
        expect(values[training.gradients[name] as string]).toMatchObject({
          view: { of: gradients, offset: view.offset },
          shape: values[name]?.shape,
        });
      }
      for (const block of [params, gradients, ...Object.values(moments)]) expect(values[block]?.shape).toEqual([size]);
    }
    expect(training.graph.inputs).toEqual(["image", "labels", "hyper.slopes", "hyper.default"]);
    expect(training.graph.outputs).toEqual(["loss"]);
  });

  it("keeps the gaps between parameters at zero", () => {
    const { graph, tensors } = toyModel();
    const training = make(graph);
    const executable = referenceTrainingBackend().compileExact(training.graph, tensors);
    const hyper = Object.fromEntries(training.blocks.map((block) => [block.hyper, Float32Array.of(0.1, 0.9, 1e-3, 1e-3)]));
    for (const { images, labels } of toyBatches(toyDataset(), 8)) executable.runExact({ image: images, labels, ...hyper });
    for (const { group, params, gradients, moments } of training.blocks) {
      const inside = new Set<number>();
      for (const name of group.members) {
        const { view, shape } = training.graph.values[name] as Value;
        for (let i = 0; i < sizeOf(shape as number[]); i++) inside.add((view?.offset ?? 0) + i);
      }
      for (const block of [params, gradients, ...Object.values(moments)]) {
        const data = executable.readExact(block);
        expect(data.some((x, i) => inside.has(i) && x !== 0)).toBe(true);
        expect(data.every((x, i) => inside.has(i) || x === 0)).toBe(true);
      }
    }
  });

  it("computes no gradient that nothing needs", () => {
    const { graph } = toyModel();
    const all = make(graph).graph.nodes.map((node) => node.name);
    expect(all).toContain("conv1.dw");
    expect(all).not.toContain("conv1.dx");
    const frozen = make(graph, [{ name: "convolutions", frozen: true, match: (name) => name.startsWith("conv") }]).graph.nodes.map(
      (node) => node.name,
    );
    expect(frozen).not.toContain("conv1.dw");
    expect(frozen).toContain("fc1.dw");
  });

  it("leaves out groups that match nothing, so that one recipe serves networks with and without slopes", () => {
    const { graph } = toyModel(1, { rotated: false });
    expect(make(graph).blocks.map((block) => block.group.name)).toEqual(["default"]);
  });

  it("says what cannot be trained", () => {
    const image = { channels: 1, height: 4, width: 4 };
    const net = () => new Net(image).conv(2, 1).relu({ rotated: true });
    expect(() => make(net().build().graph)).toThrow(/output "logits" has shape \[N, 2, 4, 4\]; the loss takes logits \[N, classes\]/);
    expect(() => make(net().flatten().linear(2).softmax().build().graph)).toThrow(
      /output "probabilities" comes from a softmax; leave it out/,
    );
    expect(() => make(net().flatten().linear(2, { name: "loss" }).relu().build().graph)).toThrow(GraphError);
    const everything = { name: "everything", frozen: true, match: () => true };
    expect(() => make(net().flatten().linear(2).build().graph, [everything])).toThrow(InputError);
    const graph = net().flatten().linear(2).build().graph;
    expect(() => make({ ...graph, outputs: ["logits", "conv1"] })).toThrow(/the network has 2 outputs/);
  });
});

describe("evaluate", () => {
  it("scores a model on any batches", async () => {
    const batches = toyBatches(toyDataset(), 8);
    const backend = referenceTrainingBackend();
    const score = await evaluate(toyModel(), batches, backend);
    expect(score.count).toBe(48);
    expect(score.loss).toBeGreaterThan(0.5);
    expect(score.accuracy).toBeGreaterThanOrEqual(0);
    await expect(evaluate(toyModel(), [], backend)).rejects.toThrow(/E_INPUT the data to evaluate gave no batch/);
  });
});
