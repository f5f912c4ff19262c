/** Graph to graph: what prepares a network for inference, and the surgery that cutting shares with it. */
export { foldBatchNorm } from "./batch_norm.ts";
export { foldConstants } from "./constants.ts";
export { fuseEpilogues } from "./epilogues.ts";
export { type Network, networkOf, rounded } from "./network.ts";
export { optimize, optimizeExact } from "./optimize.ts";
export { Rewriter } from "./rewriter.ts";
export { fuseRoutes } from "./routes.ts";
export { foldSlopes } from "./slopes.ts";
export { splitEpilogues, unfused } from "./split.ts";
