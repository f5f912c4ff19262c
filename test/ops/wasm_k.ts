/** How far a case may be off on Wasm: as far as the kernel that runs it. */
import { kernelFor } from "../../src/backends/wasm/lowering.ts";
import { bindNode } from "../../src/graph/io.ts";
import { trainingKernels } from "../../training/backends/lowering.ts";
import { trainingOps } from "../../training/ops/index.ts";
import type { OpCase } from "./case.ts";
import type { OneNode } from "./one_node.ts";
import { kOfKernel } from "./tolerance.ts";

/** k of the kernel that runs the case; undefined where the op's own holds. */
export function wasmK({ op }: OpCase, { graph }: OneNode): number | undefined {
  const def = trainingOps[op];
  if (def.kernel.name !== op) return undefined;
  const [node] = graph.nodes;
  return node && kOfKernel(kernelFor(trainingKernels, def, bindNode(graph, node, def, 1)).name);
}
