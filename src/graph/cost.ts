/** What a graph costs: multiply-adds per example, parameters, bytes of weights. */
import { type Graph, sizeOf, valuesOf } from "./graph.ts";
import { bindNode } from "./io.ts";
import type { OpTable } from "./op.ts";
import { opOf } from "./verify.ts";

/** One node's share; `output` is its first output's shape for one example. */
export interface NodeCost {
  readonly name: string;
  readonly op: string;
  readonly macs: number;
  readonly params: number;
  readonly output: readonly number[];
}

/** What a graph costs: the one place that counts, for reports, cuts and benchmarks alike. */
export interface Cost {
  /** Multiply-adds of convolutions and matrix products for one example. */
  readonly macs: number;
  /** Learned numbers (not running statistics). */
  readonly params: number;
  /** Bytes of everything that a model file must hold: learned tensors, statistics and folded constants. */
  readonly bytes: number;
  readonly nodes: readonly NodeCost[];
}

/** The cost of one example (batch 1). */
export function costOf(graph: Graph, table: OpTable): Cost {
  const blocks = blocksOf(graph);
  const sizes = (roles: ("param" | "state")[]) =>
    valuesOf(graph, ...roles)
      .filter((value) => !blocks.has(value.name))
      .reduce((sum, value) => sum + sizeOf(value.shape as number[]), 0);
  const nodes = graph.nodes.map((node) => {
    const def = opOf(node, table);
    const io = bindNode(graph, node, def, 1);
    const params = Object.values(node.inputs)
      .filter((name) => graph.values[name]?.role === "param")
      .reduce((sum, name) => sum + sizeOf(graph.values[name]?.shape as number[]), 0);
    return { name: node.name, op: node.op, macs: def.macs(io), params, output: io.shape(Object.keys(node.outputs)[0] as string) };
  });
  return {
    macs: nodes.reduce((sum, node) => sum + node.macs, 0),
    params: sizes(["param"]),
    bytes: 4 * sizes(["param", "state"]),
    nodes,
  };
}

/** The values that others are views of. */
export function blocksOf(graph: Graph): Set<string> {
  return new Set(Object.values(graph.values).flatMap((value) => (value.view ? [value.view.of] : [])));
}
