/** Networks as they are after training, without training them: every tensor holds numbers of no regularity, so that no pass can drop one. */
import type { Graph, Model, Tensors } from "swivel-nn";
import { models, Net, type Optimizer, optimize, prune, Random, resolveGroups, slopeGroup, trainingGraph } from "swivel-nn/training";

export interface Network {
  readonly name: string;
  readonly graph: Graph;
  readonly tensors: Tensors;
}

const inputs = {
  lenet: { channels: 1, height: 28, width: 28 },
  resnet20: { channels: 3, height: 32, width: 32 },
  resnet56: { channels: 3, height: 32, width: 32 },
  "wrn-16-4": { channels: 3, height: 32, width: 32 },
  resnet18: { channels: 3, height: 224, width: 224 },
  "mobilenet-v2": { channels: 3, height: 224, width: 224 },
} as const;

export type NetworkName = keyof typeof inputs;

export function network(name: NetworkName, activation: "relu" | "rrelu"): Network {
  const input = inputs[name];
  const { graph, init } = models.createModel(name, { activation, input, classes: input.height === 224 ? 1000 : 10 });
  return { name: `${name}, ${activation}`, graph, tensors: asTrained(init(new Random(0))) };
}

/** Half of the multiply-adds cut away, channel by channel: odd widths, gathers and scatters, as they come. */
export async function pruned(name: NetworkName): Promise<Network> {
  const { graph, tensors } = network(name, "rrelu");
  const scores = await prune.scoreChannels(graph, tensors, { criterion: "slope" });
  const { survivors } = prune.select(graph, tensors, scores, { keepMacs: 0.5 });
  return { name: `${name}, half cut`, ...prune.cut(graph, tensors, survivors) };
}

/** The ops that the networks above do without. */
export function assorted(): Network {
  const net = new Net({ channels: 3, height: 24, width: 24 });
  const start = net.conv(16, 3, { padding: 1 }).batchNorm().activation("relu6", { rotated: true }).tap();
  const side = net.depthwise(3, { padding: 1 }).batchNorm().avgPool(2).tap();
  const other = net.from(start).conv(16, 3, { stride: 2, padding: 1, groups: 4 }).relu().tap();
  net.from(side).mul(other);
  net.concat(other).conv(16, 3, { dilation: 2, padding: "same" }).relu();
  const { graph, init } = net.maxPool(2).flatten().linear(10).softmax().build();
  return { name: "assorted", graph, tensors: asTrained(init(new Random(0))) };
}

/** What `swivel pack` writes. */
export const packed = ({ graph, tensors }: Pick<Network, "graph" | "tensors">): Model => optimize(graph, tensors);

/** A training step, with the L1 pull on slopes, as the recipes have it. */
export function trainingStep({ graph }: Pick<Network, "graph">, optimizer: Optimizer): Graph {
  const groups = resolveGroups(graph, [slopeGroup({ weightDecay: 0, l1: { strength: 0.03, mode: "proximal" } })]);
  return trainingGraph(graph, { groups, optimizer }).graph;
}

/** Noise around zero: a mean of its own would grow beyond all numbers in a deep network. */
function asTrained(tensors: Tensors): Tensors {
  const random = new Random(1);
  const entries = Object.entries(tensors).map(([name, data]) => [name, data.map((value) => value + 0.05 * (random.uniform() - 0.5))]);
  return Object.fromEntries(entries) as Tensors;
}
