/**
 * Which graphs the passes have already been through: loading such a model neither runs them nor loads their code. It is said of a graph object, so
 * that whatever makes another graph of it loses the mark; a graph that bears it wrongly computes the same, only slower.
 */
import type { Graph } from "./graph.ts";

/** Counts up when the passes learn something: graphs that older ones have optimized are optimized again. */
export const PASSES = 1;

const optimized = new WeakSet<Graph>();

export const isOptimized = (graph: Graph): boolean => optimized.has(graph);

/** Returns the graph. */
export function markOptimized(graph: Graph): Graph {
  optimized.add(graph);
  return graph;
}
