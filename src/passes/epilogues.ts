/**
 * Residual sums and activations run inside the convolution or linear layer before them: `y = slope · act(bias + residual + Σ x·w)`; in convolutions
 * the moves of channels beside such a sum, too.
 */

import { isActivation } from "../ops/activation.ts";
import { sameShape } from "../ops/define.ts";
import type { LooseNode, Rewriter } from "./rewriter.ts";
import { addChannels, joinOf, placeFilters, takesRoutes } from "./routes.ts";

/** Fuses into each filter the sum and then the activation that alone read its output. Later filters choose first: they wait less. */
export function fuseEpilogues(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes].reverse()) {
    if (node.op !== "conv2d" && node.op !== "linear") continue;
    if ((node.attrs.activation ?? "none") !== "none" || node.inputs.slope !== undefined) continue;
    while (fuseSum(rewriter, node));
    fuseActivation(rewriter, node);
  }
}

/** Fuses what alone reads the filter's output, where that places its channels among others, or adds a value that has nobody's place yet. */
function fuseSum(rewriter: Rewriter, node: LooseNode): boolean {
  const y = node.outputs.y as string;
  const read = rewriter.onlyRead(y);
  const join = read && joinOf(rewriter, y, read);
  if (!join || ((join.places || join.shortcut) && !takesRoutes(node))) return false;
  const { other, shortcut, channels } = join;
  const [batch = 1, count, ...pixels] = rewriter.shape(y);
  if (other !== undefined) {
    const size = shortcut ? rewriter.shape(other)[1] : channels;
    if (node.inputs.residual !== undefined || !sameShape(rewriter.shape(other), [batch, size ?? 1, ...pixels])) return false;
  }
  placeFilters(node, join, count as number);
  if (other !== undefined) {
    if (shortcut) addChannels(rewriter, node, other, shortcut);
    else node.inputs.residual = other;
  }
  absorbNode(rewriter, node, read.node);
  return true;
}

function fuseActivation(rewriter: Rewriter, node: LooseNode): void {
  const read = rewriter.onlyRead(node.outputs.y as string);
  if (read?.slot !== "x" || !isActivation(read.node.op)) return;
  node.attrs.activation = read.node.op;
  if (read.node.inputs.slope !== undefined) node.inputs.slope = read.node.inputs.slope;
  absorbNode(rewriter, node, read.node);
}

/** `node` takes the place of `reader`, the only reader of its output, and that one's output. */
function absorbNode(rewriter: Rewriter, node: LooseNode, reader: LooseNode): void {
  node.outputs = { ...reader.outputs };
  rewriter.remove(node);
  rewriter.nodes[rewriter.nodes.indexOf(reader)] = node;
}
