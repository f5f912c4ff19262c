/** Every op case on both builds of the Wasm kernels. */
import { createWasmBackend, inferenceBuild } from "../../src/backends/wasm/backend.ts";
import { kernelFor } from "../../src/backends/wasm/lowering.ts";
import { bindNode } from "../../src/graph/io.ts";
import { trainingKernels } from "../../training/backends/lowering.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import { trainingOps } from "../../training/ops/index.ts";
import type { OpCase } from "./case.ts";
import { allCases, inferenceCases } from "./cases.ts";
import { runCases } from "./harness.ts";
import type { OneNode } from "./one_node.ts";
import { kOfKernel } from "./tolerance.ts";

/** k of the kernel that runs the case. */
function k({ op }: OpCase, { graph }: OneNode): number | undefined {
  const def = trainingOps[op];
  if (def.kernel.name !== op) return undefined;
  const [node] = graph.nodes;
  return node && kOfKernel(kernelFor(trainingKernels, def, bindNode(graph, node, def, 1)).name);
}

for (const simd of ["relaxed", "baseline"] as const) {
  runCases(`Wasm for training, ${simd} SIMD`, () => wasmTrainingBackend({ simd, threads: 1 }), allCases, { k });
  runCases(`Wasm for inference, ${simd} SIMD`, () => createWasmBackend(inferenceBuild, { simd, threads: 1 }), inferenceCases, { k });
}
