/** Starting values of a network's tensors, from the graph alone: freshly built networks and cut ones start the same way. */
import type { Graph, Node, Tensors } from "../src/graph/graph.ts";
import { sizeOf } from "../src/graph/graph.ts";
import type { Random } from "./random.ts";

/** How networks start. */
export interface InitialiseOptions {
  /** `random`: the paper's, a fair sign and |b| from N(1, σ² = 3) truncated to [tan 35°, tan 55°]; `ones`: a plain activation to start with. */
  readonly slopes?: "random" | "ones";
}

const DEGREE = Math.PI / 180;
const SLOPE_LOW = Math.tan(35 * DEGREE);
const SLOPE_HIGH = Math.tan(55 * DEGREE);
const SLOPE_STD = Math.sqrt(3);

type Fill = (size: number, random: Random, shape: readonly number[]) => Float32Array;

const constant =
  (value: number): Fill =>
  (size) =>
    new Float32Array(size).fill(value);

/** Kaiming's normal initialisation for ReLU: σ = √(2 / fan-in), fan-in being what one output reads. */
const kaimingNormal: Fill = (size, random, shape) => {
  const std = Math.sqrt(2 / sizeOf(shape.slice(1)));
  return Float32Array.from({ length: size }, () => random.normal(0, std));
};

const rotatedSlopes: Fill = (size, random) =>
  Float32Array.from({ length: size }, () => (random.int(2) === 0 ? -1 : 1) * random.truncatedNormal(1, SLOPE_STD, SLOPE_LOW, SLOPE_HIGH));

/** How the tensor in a slot starts; slots not listed start at zero (biases, beta, running means). */
function fillOf(node: Node, slot: string, options: InitialiseOptions): Fill {
  if (slot === "w") return kaimingNormal;
  if (slot === "slope") return options.slopes === "ones" ? constant(1) : rotatedSlopes;
  if (slot === "gamma" || slot === "var" || (slot === "b" && node.op === "mul")) return constant(1);
  return constant(0);
}

/**
 * Data for every `param` and `state` value that a node reads. Each tensor draws from a stream of its own (`random` forked by its name, itself
 * left as it is), so that networks which share layers by name start with the same weights there.
 */
export function initialise(graph: Graph, random: Random, options: InitialiseOptions = {}): Tensors {
  const tensors: Record<string, Float32Array> = {};
  for (const node of graph.nodes) {
    for (const [slot, name] of Object.entries(node.inputs)) {
      const value = graph.values[name];
      if (!value || (value.role !== "param" && value.role !== "state") || Object.hasOwn(tensors, name)) continue;
      const shape = value.shape as readonly number[];
      tensors[name] = fillOf(node, slot, options)(sizeOf(shape), random.fork(name), shape);
    }
  }
  return tensors;
}
