/** The passes in their order. */
import type { Graph, Tensors } from "../graph/graph.ts";
import { markOptimized } from "../graph/optimized.ts";
import { verify } from "../graph/verify.ts";
import { ops } from "../ops/index.ts";
import { foldBatchNorm } from "./batch_norm.ts";
import { foldConstants } from "./constants.ts";
import { fuseEpilogues } from "./epilogues.ts";
import { type Network, networkOf, rounded } from "./network.ts";
import { Rewriter } from "./rewriter.ts";
import { fuseRoutes } from "./routes.ts";
import { foldSlopes } from "./slopes.ts";

/**
 * What inference runs: constants, batch norms and slopes folded into weights, sums, activations and moves of channels fused into convolutions (the
 * first two into linear layers, too), and nothing left that no output needs. It computes the same function; folding happens in float64 and rounds once.
 * Throws GraphError or ShapeError for a graph that does not hold together, InputError E_INPUT for tensors that do not fit it.
 */
export function optimize(graph: Graph, tensors: Tensors): { graph: Graph; tensors: Tensors } {
  const result = optimizeExact({ graph, tensors });
  return { graph: markOptimized(result.graph), tensors: rounded(result.tensors) };
}

/** The same without rounding: what was computed stays float64. */
export function optimizeExact(network: Network): Network {
  verify(network.graph, ops);
  const rewriter = new Rewriter(ops, networkOf(network.graph, network.tensors));
  foldConstants(rewriter);
  foldBatchNorm(rewriter);
  foldSlopes(rewriter);
  foldConstants(rewriter);
  fuseEpilogues(rewriter);
  fuseRoutes(rewriter);
  return rewriter.finish();
}
