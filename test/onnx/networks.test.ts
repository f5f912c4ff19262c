/** Whole networks as ONNX Runtime computes them, with all of its own rewriting on top: dense, cut, packed and of every shape. */
import { describe, expect, it } from "vitest";
import { bindShape, type Graph, sizeOf, type Tensors } from "../../src/graph/graph.ts";
import { rounded } from "../../src/passes/network.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { architectures, createModel } from "../../training/models/index.ts";
import { cut } from "../../training/prune/cut.ts";
import { sitesOf } from "../../training/prune/survivors.ts";
import { Random } from "../../training/random.ts";
import { randomNetwork, randomSurvivors } from "../prune/random_network.ts";
import { checkModel } from "./runtime.ts";

/**
 * Roundings that lie one on top of another in the deepest of these networks, in units of float32's spacing at the largest number of an output.
 * The worst seen is 11.
 */
const ROUNDINGS = 32;
const EPSILON = 2 ** -23;
const BATCH = 3;

interface Packable {
  readonly graph: Graph;
  readonly tensors: Tensors;
}

/** ONNX Runtime against the float64 reference. */
async function compare({ graph, tensors }: Packable, random: Random): Promise<void> {
  const inputs = Object.fromEntries(
    graph.inputs.map((name) => {
      const size = sizeOf(bindShape(graph.values[name]?.shape ?? [], BATCH));
      return [name, Float32Array.from({ length: size }, () => random.normal())];
    }),
  );
  const results = new ReferenceBackend().compileExact(graph, tensors).runExact(inputs);
  const expected = Object.fromEntries(
    Object.entries(results).map(([name, want]) => {
      const largest = want.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      return [name, { want, allowed: want.map(() => ROUNDINGS * EPSILON * largest) }];
    }),
  );
  await checkModel({ graph, tensors }, inputs, BATCH, expected);
}

/** Numbers away from where training starts: statistics and shifts of 0 and 1 would hide in the wrong place. */
function drawTensors(tensors: Tensors, random: Random): Tensors {
  const draw = (own: Random) => (x: number) => (x === 0 ? own.normal(0, 0.05) : x * (0.5 + own.uniform()));
  return Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, data.map(draw(random.fork(name)))]));
}

/** The reference computes every product one by one: smaller pictures than resnet20 was made for do as well. */
const inputs = {
  "small-cnn": architectures["small-cnn"].input,
  lenet: architectures.lenet.input,
  "mlp-784-500-10": architectures["mlp-784-500-10"].input,
  resnet20: { channels: 3, height: 12, width: 12 },
} as const;

const networks = Object.entries(inputs).map(([name, input]) => {
  const random = new Random(`onnx ${name}`);
  const { graph, init } = createModel(name, { activation: "rrelu", input, classes: 10 });
  const tensors = drawTensors(init(random), random);
  const survivors = Object.fromEntries(
    sitesOf(graph).map((site) => [site.name, Array.from({ length: site.channels }, () => random.uniform() < 0.4)]),
  );
  return { name, random, dense: { graph, tensors }, small: cut(graph, tensors, survivors) };
});

describe.each(networks)("$name", ({ random, dense, small }) => {
  it("as trained", () => compare(dense, random));
  it("optimized", () => compare(optimize(dense.graph, dense.tensors), random));
  it("cut", () => compare(small, random));
  it("cut and optimized", () => compare(optimize(small.graph, small.tensors), random));
});

it("gathers and scatters are among them", () => {
  const used = new Set(networks.flatMap(({ small }) => small.graph.nodes.map(({ op }) => op)));
  expect([...used]).toEqual(expect.arrayContaining(["gather_channels", "scatter_add_channels"]));
});

/** Networks in which every op stands beside every other sooner or later. */
const RANDOM_NETWORKS = 20;

describe(`${RANDOM_NETWORKS} random networks, whole, cut, and cut and optimized`, () => {
  it.each(Array.from({ length: RANDOM_NETWORKS }, (_, seed) => seed))("seed %i", async (seed) => {
    const random = new Random(`onnx ${seed}`);
    const exact = randomNetwork(random);
    const whole = { graph: exact.graph, tensors: rounded(exact.tensors) };
    const small = cut(whole.graph, whole.tensors, randomSurvivors(exact, random));
    await compare(whole, random);
    await compare(small, random);
    await compare(optimize(small.graph, small.tensors), random);
  });
});
