/** Batch norm with running statistics is y = s·x + t per channel: it disappears into the convolution or linear layer before it. */
import { readAttrs } from "../graph/io.ts";
import { opOf } from "../graph/verify.ts";
import { isBareFilter, isKnownBatchNorm, scaleFilter, scaleOperand, sourceOf } from "./filters.ts";
import type { LooseNode, Rewriter } from "./rewriter.ts";

/** Folds every batch norm that is the only reader of a filter's output; others (before an activation, after a sum) stay as they are. */
export function foldBatchNorm(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes]) {
    if (!isKnownBatchNorm(rewriter, node)) continue;
    const x = node.inputs.x as string;
    const source = sourceOf(rewriter, x, node);
    if (!source || !isBareFilter(rewriter, source.node) || !rewriter.bypass(node, x, "output")) continue;
    const { scale, shift } = affineOf(rewriter, node);
    scaleFilter(rewriter, source.node, scale, shift);
    for (const add of source.constants) scaleOperand(rewriter, add, "b", scale);
  }
}

/** y = scale[c] · x + shift[c] of a known batch norm. */
export function affineOf(rewriter: Rewriter, node: LooseNode): { scale: Float64Array; shift: Float64Array } {
  const read = (slot: string): Float64Array => rewriter.exact(node.inputs[slot] as string);
  const [gamma, beta, mean, variance] = [read("gamma"), read("beta"), read("mean"), read("var")];
  const eps = readAttrs(node, opOf(node, rewriter.table)).eps as number;
  const scale = gamma.map((g, c) => g / Math.sqrt((variance[c] as number) + eps));
  return { scale, shift: beta.map((b, c) => b - (mean[c] as number) * (scale[c] as number)) };
}
