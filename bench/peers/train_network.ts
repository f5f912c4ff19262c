/** A training step of one network for several engines: the same graph, starting weights, images, loss and update (SGD with momentum). */
import type { Graph, Tensors } from "swivel-nn";
import { models, optimizers, Random, resolveGroups, slopeGroup, trainingGraph } from "swivel-nn/training";

export interface TrainNetwork {
  /** As for inference, before anything is folded. */
  readonly graph: Graph;
  readonly tensors: Tensors;
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  readonly classes: number;
}

export interface TrainBatch {
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

export const SGD = { rate: 0.01, momentum: 0.9 } as const;

/** Of batch norms that name none; attributes of graphs that have their usual value are left out. */
export const EPS = 1e-5;

export interface TrainEngine {
  /** One step; returns the loss before its update. */
  step(): Promise<number>;
  dispose(): void;
}

export type TrainNetworkName = "resnet20" | "small-cnn";

const inputs = { resnet20: { channels: 3, height: 32, width: 32 }, "small-cnn": { channels: 1, height: 28, width: 28 } } as const;

export function trainNetwork(name: TrainNetworkName): TrainNetwork {
  const input = inputs[name];
  const { graph, init } = models.createModel(name, { activation: "rrelu", input, classes: 10 });
  return { graph, tensors: init(new Random(0)), input, classes: 10 };
}

/** Random images and labels: what is in them does not change times. A smaller batch is the beginning of a larger one. */
export function trainBatch({ input, classes }: TrainNetwork, size: number): TrainBatch {
  const [pixels, labels] = [new Random(1), new Random(2)];
  return {
    images: Float32Array.from({ length: size * input.channels * input.height * input.width }, () => pixels.normal()),
    labels: Int32Array.from({ length: size }, () => labels.int(classes)),
  };
}

/** Swivel's training graph for it, and the inputs of its updates. */
export function swivelStep({ graph: network }: TrainNetwork) {
  const optimizer = optimizers.sgd(SGD);
  const { graph, blocks } = trainingGraph(network, { groups: resolveGroups(network, [slopeGroup()]), optimizer });
  const hyper = Object.fromEntries(blocks.map((block) => [block.hyper, Float32Array.from(optimizer.hyper(0, 1, block.group))]));
  return { graph, hyper };
}

/** Networks' inputs are called `image`; the other parameters of batch norms are running statistics, which no step learns. */
export const learned = (graph: Graph): string[] =>
  Object.values(graph.values)
    .filter(({ role }) => role === "param")
    .map(({ name }) => name);
