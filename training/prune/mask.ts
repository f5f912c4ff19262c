/** The masked network, which a cut must equal: dead channels are computed and multiplied by zero. For tests, and to try survivors out. */
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { type Network, networkOf, rounded } from "../../src/passes/network.ts";
import { Rewriter } from "../../src/passes/rewriter.ts";
import { deadChannels, type Survivors } from "./survivors.ts";

/** The same network with the slopes of dead channels 0; activations without slopes get a fixed one of 0 and 1. Throws as `cut` does. */
export function mask(graph: Graph, tensors: Tensors, survivors: Survivors): { graph: Graph; tensors: Tensors } {
  const masked = maskExact({ graph, tensors }, survivors);
  return { graph: masked.graph, tensors: rounded(masked.tensors) };
}

/** The same on tensors of any precision. */
export function maskExact({ graph, tensors }: Network, survivors: Survivors): Network {
  verify(graph, ops);
  const dead = deadChannels(graph, survivors);
  const rewriter = new Rewriter(ops, networkOf(graph, tensors));
  for (const node of rewriter.nodes) {
    const flags = dead.get(node.name);
    if (!flags?.includes(1)) continue;
    const { slope } = node.inputs;
    if (slope === undefined)
      node.inputs.slope = rewriter.tensor(
        rewriter.fresh(`${node.name}.mask`),
        "state",
        [flags.length],
        Float32Array.from(flags, (d) => 1 - d),
      );
    else {
      const numbers = rewriter.numbers(slope).slice();
      flags.forEach((isDead, c) => {
        if (isDead) numbers[c] = 0;
      });
      rewriter.overwrite(node, "slope", numbers);
    }
  }
  return rewriter.finish();
}
