/**
 * From a network to its training graph: batch norms with the batch's statistics, the loss, a tally of loss and hits, the backward pass, and one
 * update per parameter group. Parameters, gradients and the optimizer's moments of a group lie in matching blocks.
 */
import { GraphError, InputError } from "../src/errors.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { type Graph, type Node, sizeOf, type Value } from "../src/graph/graph.ts";
import { verify } from "../src/graph/verify.ts";
import { ops } from "../src/ops/index.ts";
import { differentiate } from "./autodiff.ts";
import type { ResolvedGroup } from "./groups.ts";
import { addLoss, LOSS, logitsOf } from "./losses.ts";
import { trainingOps } from "./ops/index.ts";
import type { Optimizer } from "./optimizers.ts";

/** Elements that each parameter's place in a block starts at a multiple of: WebGPU binds ranges at multiples of 256 bytes. */
const ALIGNMENT = 64;
/** PyTorch's: how far the running statistics move towards the batch's. */
const BATCH_NORM_MOMENTUM = 0.1;

/** How its parameters learn. */
export interface TrainingGraphOptions {
  readonly groups: readonly ResolvedGroup[];
  readonly optimizer: Optimizer;
  readonly labelSmoothing?: number;
}

/** The blocks of one group, by the names of their values. Each parameter is a view of `params`, its gradient one of `gradients` at the same offset. */
export interface GroupBlocks {
  readonly group: ResolvedGroup;
  readonly params: string;
  readonly gradients: string;
  /** Slot of the update → block; state that a checkpoint keeps. */
  readonly moments: Readonly<Record<string, string>>;
  /** Graph input: the numbers of `Optimizer.hyper`. */
  readonly hyper: string;
  /** Elements of each block, the gaps between parameters (always zero) included. */
  readonly size: number;
}

/** Forward pass, backward pass and update as one graph. */
export interface TrainingGraph {
  /** Inputs: the network's own, `labels` i32 [N], and each group's `hyper`. Output: `loss` [1], the batch's mean. State: `totals` (losses.ts). */
  readonly graph: Graph;
  readonly blocks: readonly GroupBlocks[];
  /** Parameter → value of its gradient, for those that learn. */
  readonly gradients: Readonly<Record<string, string>>;
}

/**
 * `network`: one input, one output of logits [N, classes], as for inference and without fused epilogues. Throws GraphError E_GRAPH for networks
 * that cannot be trained, InputError E_OPTION where nothing would learn.
 */
export function trainingGraph(network: Graph, { groups, optimizer, labelSmoothing = 0 }: TrainingGraphOptions): TrainingGraph {
  verify(network, ops);
  const learning = groups.filter((group) => !group.frozen);
  if (learning.length === 0) throw new InputError("E_OPTION", "every parameter is frozen: nothing would learn; leave one group unfrozen");
  const logits = logitsOf(network);

  const values: Record<string, Value> = { ...network.values };
  const blocks = learning.map((group) => layOut(group, optimizer, values));
  const builder = new GraphBuilder(trainingOps, { ...network, values, nodes: withBatchStatistics(network.nodes, values), outputs: [] });
  addLoss(builder, logits, labelSmoothing);
  builder.output(LOSS);

  const wrt = learning.flatMap((group) => group.members);
  const gradientViews = Object.fromEntries(
    blocks.flatMap(({ group, gradients }) =>
      group.members.map((name) => [name, { of: gradients, offset: values[name]?.view?.offset ?? 0 }]),
    ),
  );
  const backward = differentiate(builder.build(), { loss: LOSS, wrt, gradientViews });

  const updates = new GraphBuilder(trainingOps, backward.graph);
  for (const block of blocks) addUpdate(updates, block, optimizer);
  return { graph: updates.build(), blocks, gradients: backward.gradients };
}

/** Declares a group's blocks and turns its parameters into views of them. */
function layOut(group: ResolvedGroup, optimizer: Optimizer, values: Record<string, Value>): GroupBlocks {
  const declare = (kind: string, size: number, role: Value["role"]): string => {
    const name = `${kind}.${group.name}`;
    if (Object.hasOwn(values, name))
      throw new GraphError("E_GRAPH", `a value of the network is called "${name}", which the training graph needs; rename it`);
    values[name] = { name, dtype: "f32", shape: [size], role };
    return name;
  };
  let size = 0;
  const offsets = group.members.map((name) => {
    const value = values[name];
    if (value?.role !== "param" || value.view)
      throw new GraphError("E_GRAPH", `parameter group "${group.name}": "${name}" is no parameter of its own memory`);
    const offset = size;
    size = ALIGNMENT * Math.ceil((offset + sizeOf(value.shape as number[])) / ALIGNMENT);
    return offset;
  });
  const params = declare("params", size, "param");
  // State rather than temp: its gaps then stay zero, and gradients can be read after a run.
  const gradients = declare("gradients", size, "state");
  const moments = Object.fromEntries(optimizer.moments.map((slot) => [slot, declare(slot, size, "state")]));
  group.members.forEach((name, i) => {
    values[name] = { ...(values[name] as Value), view: { of: params, offset: offsets[i] as number } };
  });
  return { group, params, gradients, moments, hyper: `hyper.${group.name}`, size };
}

/** The nodes with every batch norm in its training form; declares the statistics that it gives. */
function withBatchStatistics(nodes: readonly Node[], values: Record<string, Value>): Node[] {
  return nodes.map((node) => {
    if (node.op !== "batch_norm") return node;
    const { mean: running_mean, var: running_var, ...inputs } = node.inputs as Record<string, string>;
    const statistics = { mean: "batch_mean", var: "batch_var", next_mean: "next_mean", next_var: "next_var" };
    const outputs = Object.entries(statistics).map(([slot, suffix]) => {
      const name = `${node.name}.${suffix}`;
      if (Object.hasOwn(values, name))
        throw new GraphError("E_GRAPH", `a value of the network is called "${name}", which the training graph needs; rename it`);
      values[name] = { name, dtype: "f32", shape: values[running_mean as string]?.shape ?? [], role: "temp" };
      return [slot, name] as const;
    });
    return {
      op: "batch_norm_train",
      name: node.name,
      inputs: { ...inputs, running_mean: running_mean as string, running_var: running_var as string },
      outputs: { ...node.outputs, ...Object.fromEntries(outputs) },
      attrs: { ...node.attrs, momentum: BATCH_NORM_MOMENTUM },
    };
  });
}

function addUpdate(builder: GraphBuilder, block: GroupBlocks, optimizer: Optimizer): void {
  const hyper = builder.input(block.hyper, [optimizer.hyperSize]);
  const inputs = { param: block.params, grad: block.gradients, ...block.moments, hyper };
  builder.node(optimizer.op, `update.${block.group.name}`, inputs, { ...optimizer.attrs, proximal: block.group.l1?.mode === "proximal" });
}
