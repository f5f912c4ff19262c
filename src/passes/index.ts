/** Graph to graph: what prepares a network for inference, and the surgery that cutting shares with it. */
export { foldBatchNorm } from "./batch_norm.ts";
export { foldConstants } from "./constants.ts";
export { fuseEpilogues, splitEpilogues } from "./epilogues.ts";
export { type Network, networkOf, rounded } from "./network.ts";
export { optimize, optimizeExact } from "./optimize.ts";
export { Rewriter } from "./rewriter.ts";
export { foldSlopes } from "./slopes.ts";
