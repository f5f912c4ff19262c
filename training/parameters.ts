/** What each learned tensor of a graph is, told by the slots that read it and never by its name. */
import type { Graph } from "../src/graph/graph.ts";

/** `weight`: filters and matrices; `gamma`, `beta`: scale and shift of batch norm; `slope`: rotation of an activation; `other`: read by no such slot. */
export type ParameterKind = "weight" | "bias" | "gamma" | "beta" | "slope" | "other";

const KIND_OF_SLOT: Readonly<Record<string, ParameterKind>> = { w: "weight", bias: "bias", gamma: "gamma", beta: "beta", slope: "slope" };

/** The kind of every `param` value that a node reads, in the graph's order. */
export function parameterKinds(graph: Graph): Map<string, ParameterKind> {
  const kinds = new Map<string, ParameterKind>();
  for (const node of graph.nodes) {
    for (const [slot, name] of Object.entries(node.inputs)) {
      if (graph.values[name]?.role !== "param") continue;
      const kind = KIND_OF_SLOT[slot] ?? "other";
      if (!kinds.has(name) || kinds.get(name) === "other") kinds.set(name, kind);
    }
  }
  return kinds;
}

/** Names of the slopes, in the order of the forward pass. */
export function slopeNames(graph: Graph): string[] {
  return [...parameterKinds(graph)].filter(([, kind]) => kind === "slope").map(([name]) => name);
}
