/** Residual sums and activations run inside the convolution or linear layer before them: `y = slope · act(bias + residual + Σ x·w)`. */

import { sizeOf } from "../graph/graph.ts";
import { isActivation } from "../ops/activation.ts";
import { sameShape } from "../ops/define.ts";
import type { LooseNode, Rewriter } from "./rewriter.ts";

/** Fuses into each filter the sum and then the activation that alone read its output. Later filters choose first: they wait less. */
export function fuseEpilogues(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes].reverse()) {
    if (node.op !== "conv2d" && node.op !== "linear") continue;
    if ((node.attrs.activation ?? "none") !== "none" || node.inputs.slope !== undefined) continue;
    fuseSum(rewriter, node);
    fuseActivation(rewriter, node);
  }
}

function fuseSum(rewriter: Rewriter, node: LooseNode): void {
  const y = node.outputs.y as string;
  const read = rewriter.onlyRead(y);
  if (read?.node.op !== "add" || node.inputs.residual !== undefined) return;
  const other = read.node.inputs[read.slot === "a" ? "b" : "a"] as string;
  if (!sameShape(rewriter.shape(other), rewriter.shape(y))) return;
  node.inputs.residual = other;
  absorbNode(rewriter, node, read.node);
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

/** The inverse, before cutting: every epilogue a node of its own, activations under the filter's name with `.act`. */
export function splitEpilogues(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes]) {
    if (node.op !== "conv2d" && node.op !== "linear") continue;
    const { residual, slope } = node.inputs;
    const activation = (node.attrs.activation ?? "none") as string;
    let last = node;
    const split = (op: string, suffix: string, slot: string, inputs: Record<string, string>): void => {
      const { y = "" } = last.outputs;
      const between = rewriter.temp(rewriter.fresh(last.name), rewriter.shape(y));
      last.outputs = { y: between };
      const name = rewriter.fresh(`${node.name}.${suffix}`);
      const next: LooseNode = { op, name, inputs: { [slot]: between, ...inputs }, outputs: { y }, attrs: {} };
      rewriter.nodes.splice(rewriter.nodes.indexOf(last) + 1, 0, next);
      last = next;
    };
    if (residual !== undefined) split("add", "sum", "a", { b: residual });
    if (activation !== "none") split(activation, "act", "x", slope === undefined ? {} : { slope });
    else if (slope !== undefined && rewriter.known(slope)) split("mul", "scale", "a", { b: spread(rewriter, slope, node) });
    delete node.inputs.residual;
    delete node.inputs.slope;
    delete node.attrs.activation;
  }
}

/** A slope per channel as the operand [1, C, …] that multiplies the node's output. */
function spread(rewriter: Rewriter, slope: string, node: LooseNode): string {
  const shape = [1, ...(rewriter.shape(node.outputs.y as string).slice(1) as number[])];
  const numbers = rewriter.numbers(slope);
  const pixels = sizeOf(shape) / numbers.length;
  const map = Float64Array.from({ length: sizeOf(shape) }, (_, i) => numbers[Math.floor(i / pixels)] as number);
  return rewriter.tensor(rewriter.fresh(`${node.name}.scale`), "state", shape, map);
}
