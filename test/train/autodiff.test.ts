/** Whole graphs against finite differences: the reference in float64, every differentiable op, branches, both kinds of batch norm. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { ExactTensors } from "../../src/reference/index.ts";
import { differentiate } from "../../training/autodiff.ts";
import { gradients } from "../../training/gradients/index.ts";
import { addLoss } from "../../training/losses.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { Random } from "../../training/random.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { finish, growths, randomGraph, randomTensors, Sketch } from "./random_graph.ts";

const STEP = 1e-5;

/** The largest difference between the gradients of `wrt` and central differences of the loss, over the largest gradient. */
function worstError(graph: Graph, loss: string, wrt: readonly string[], seed: number): number {
  const random = new Random(seed);
  const { tensors, inputs } = randomTensors(graph, random);

  const { graph: backward, gradients } = differentiate(graph, { loss, wrt });
  const backend = referenceTrainingBackend();
  const exact = backend.compileExact(backward, tensors as ExactTensors).runExact(inputs, Object.values(gradients));
  const lossAt = (): number => backend.compileExact(graph, tensors).runExact(inputs, [loss])[loss]?.[0] as number;

  let worst = 0;
  let scale = 1e-3;
  for (const name of wrt) {
    const data = (tensors[name] ?? inputs[name]) as Float64Array;
    const gradient = exact[gradients[name] as string] as Float64Array;
    expect(gradient.length, name).toBe(data.length);
    for (let tries = 0; tries < 4; tries++) {
      const i = random.int(data.length);
      const kept = data[i] as number;
      data[i] = kept + STEP;
      const above = lossAt();
      data[i] = kept - STEP;
      const below = lossAt();
      data[i] = kept;
      const slope = (above - below) / (2 * STEP);
      worst = Math.max(worst, Math.abs(slope - (gradient[i] as number)));
      scale = Math.max(scale, Math.abs(slope));
    }
  }
  return worst / scale;
}

describe("differentiate", () => {
  it.each(Object.entries(growths))("agrees with finite differences: %s", (_, grow) => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const sketch = new Sketch(4, 6);
      sketch.points.push(sketch.at);
      growths.conv2d?.(sketch, random);
      sketch.points.push(sketch.at);
      grow(sketch, random);
      const { graph, wrt } = finish(sketch, random);
      expect(worstError(graph, "loss", wrt, seed)).toBeLessThan(1e-6);
    }
  });

  it("every op that has a gradient is among them", () => {
    const ending = ["flatten", "global_avg_pool", "linear", "softmax", "cross_entropy"];
    const rules = Object.entries(gradients).flatMap(([op, rule]) => (typeof rule === "function" ? [op] : []));
    expect(rules.filter((op) => !ending.includes(op) && !Object.hasOwn(growths, op))).toEqual([]);
  });

  it("agrees with finite differences on random graphs with branches", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.array(fc.nat(Object.keys(growths).length - 1), { minLength: 2, maxLength: 7 }),
        (seed, choices) => {
          const { graph, wrt } = randomGraph(new Random(seed), choices);
          expect(worstError(graph, "loss", wrt, seed)).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 40, seed: 20 },
    );
  });

  it("makes only the gradients that are wanted", () => {
    const { graph, wrt } = convNet();
    const backward = differentiate(graph, { loss: "loss", wrt });
    expect(backward.graph.nodes.map((node) => node.name)).toContain("conv.dw");
    expect(backward.graph.nodes.map((node) => node.name)).not.toContain("conv.dx");
    const forInput = differentiate(graph, { loss: "loss", wrt: ["image"] });
    expect(forInput.graph.nodes.map((node) => node.name)).toContain("conv.dx");
    expect(forInput.graph.nodes.map((node) => node.name)).not.toContain("conv.dw");
  });

  it("writes gradients into views, copying those that share memory", () => {
    const builder = new GraphBuilder(trainingOps);
    const image = builder.input("image", ["N", 2]);
    const p = builder.param("p", [1, 2]);
    const q = builder.param("q", [1, 2]);
    // p and q get the very same gradient; r's arrives through a reshape
    const sum = builder.add("add", "sum", { a: p, b: q });
    const shifted = builder.add("add", "shifted", { a: image, b: sum });
    const r = builder.param("r", [1, 1, 2, 1]);
    const flat = builder.add("flatten", "flat", { x: r });
    addLoss(builder, builder.add("mul", "logits", { a: shifted, b: flat }));
    builder.state("block", [192]);
    const wrt = ["p", "q", "r"];
    const views = Object.fromEntries(wrt.map((name, i) => [name, { of: "block", offset: 64 * i }]));
    const placed = differentiate(builder.build(), { loss: "loss", wrt, gradientViews: views });
    const free = differentiate(builder.build(), { loss: "loss", wrt });
    const tensors = { p: Float64Array.of(1, 2), q: Float64Array.of(0.5, -1), r: Float64Array.of(2, 3) };
    const inputs = { image: Float64Array.of(1, -1, 0, 2), labels: Float64Array.of(0, 1) };
    const backend = referenceTrainingBackend();
    const expected = backend.compileExact(free.graph, tensors).runExact(inputs, Object.values(free.gradients));
    const executable = backend.compileExact(placed.graph, tensors);
    executable.runExact(inputs);
    const block = executable.readExact("block");
    wrt.forEach((name, i) => {
      expect([...block.subarray(64 * i, 64 * i + 2)], name).toEqual([...(expected[free.gradients[name] as string] as Float64Array)]);
      expect(block.subarray(64 * i + 2, 64 * i + 64).every((x) => x === 0)).toBe(true);
    });
  });

  it("says what cannot be differentiated", () => {
    const { graph } = convNet();
    const fails = (options: Parameters<typeof differentiate>[1], message: RegExp) => {
      expect(() => differentiate(graph, options)).toThrow(GraphError);
      expect(() => differentiate(graph, options)).toThrow(message);
    };
    fails({ loss: "logits", wrt: ["w"] }, /loss "logits" has shape \[N, 2\]/);
    fails({ loss: "nothing", wrt: ["w"] }, /no value of the graph/);
    fails({ loss: "loss", wrt: ["v"] }, /no value "v"/);
    fails({ loss: "loss", wrt: ["unread"] }, /"loss" does not depend on "unread"/);
    fails({ loss: "loss", wrt: ["labels"] }, /no gradient for labels "labels"/);
    fails({ loss: "loss", wrt: ["w"], gradientViews: { unread: { of: "w", offset: 0 } } }, /not in wrt/);
    const fused: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) => (node.op === "conv2d" ? { ...node, attrs: { activation: "relu" } } : node)),
    };
    expect(() => differentiate(fused, { loss: "loss", wrt: ["w"] })).toThrow(
      /conv2d "conv" has a fused activation relu: differentiate the graph before fusing/,
    );
  });
});

function convNet(): { graph: Graph; wrt: string[] } {
  const builder = new GraphBuilder(trainingOps);
  const image = builder.input("image", ["N", 1, 3, 3]);
  builder.param("unread", [3]);
  const conv = builder.add("conv2d", "conv", { x: image, w: builder.param("w", [2, 1, 3, 3]), bias: builder.param("bias", [2]) });
  addLoss(builder, builder.add("flatten", "logits", { x: conv }));
  builder.output("loss");
  return { graph: builder.build(), wrt: ["w", "bias"] };
}
