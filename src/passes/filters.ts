/** Scaling what makes a value: the filters of a convolution or linear layer, or a batch norm, with what lies between. */
import { BATCH_NORM_PARAMS } from "../ops/batch_norm.ts";
import type { LooseNode, Rewriter } from "./rewriter.ts";

/** True for a convolution or linear layer without epilogue whose numbers are known: each channel of its output is one filter, and linear in its numbers. */
export function isBareFilter(rewriter: Rewriter, node: LooseNode): boolean {
  const { inputs, attrs } = node;
  return (
    (node.op === "conv2d" || node.op === "linear") &&
    (attrs.activation ?? "none") === "none" &&
    inputs.slope === undefined &&
    inputs.residual === undefined &&
    !(attrs.scatter as readonly number[] | undefined)?.length &&
    rewriter.known(inputs.w) &&
    (inputs.bias === undefined || rewriter.known(inputs.bias))
  );
}

/** True for a batch norm whose numbers are known: its output is linear in gamma and beta. */
export function isKnownBatchNorm(rewriter: Rewriter, node: LooseNode): boolean {
  return node.op === "batch_norm" && BATCH_NORM_PARAMS.every((slot) => rewriter.known(node.inputs[slot]));
}

/** y → scale[c] · y + shift[c], in the weights and the bias of a bare filter. */
export function scaleFilter(rewriter: Rewriter, node: LooseNode, scale: ArrayLike<number>, shift?: ArrayLike<number>): void {
  const w = rewriter.exact(node.inputs.w as string);
  const perFilter = w.length / scale.length;
  rewriter.overwrite(
    node,
    "w",
    w.map((weight, i) => weight * (scale[Math.floor(i / perFilter)] as number)),
  );
  const bias = node.inputs.bias === undefined ? undefined : rewriter.exact(node.inputs.bias);
  if (!bias && !shift?.length) return;
  setBias(
    rewriter,
    node,
    Float64Array.from(scale, (s, c) => s * (bias?.[c] ?? 0) + (shift?.[c] ?? 0)),
  );
}

/** Gives a filter this bias, under PyTorch's name beside its weight where it had none. */
export function setBias(rewriter: Rewriter, node: LooseNode, bias: Float64Array): void {
  if (node.inputs.bias !== undefined) rewriter.overwrite(node, "bias", bias);
  else node.inputs.bias = rewriter.tensor(rewriter.fresh(biasName(node)), "param", [bias.length], bias);
}

/** `conv1.weight` → `conv1.bias`; the node's name where the weight bears another. */
export function biasName(node: LooseNode): string {
  const weight = node.inputs.w as string;
  return `${weight.endsWith(".weight") ? weight.slice(0, -".weight".length) : node.name}.bias`;
}

export interface Source {
  readonly node: LooseNode;
  /** Additions of a constant between it and the value, which have to be scaled with it. */
  readonly constants: readonly LooseNode[];
}

/**
 * The node that makes what `reader` alone reads in `value`, looking through additions of constants and through nodes of the ops in `through`,
 * each of which nobody else reads.
 */
export function sourceOf(rewriter: Rewriter, value: string, reader: LooseNode, through: readonly string[] = []): Source | undefined {
  const constants: LooseNode[] = [];
  let [name, by] = [value, reader];
  for (;;) {
    const node = rewriter.feeder(name, by);
    if (!node) return undefined;
    if (isConstantAdd(rewriter, node)) {
      constants.push(node);
      name = node.inputs.a as string;
    } else if (through.includes(node.op)) {
      name = node.inputs.x as string;
    } else {
      return { node, constants };
    }
    by = node;
  }
}

/** `a + b` where b is known and the same for every example. */
export function isConstantAdd(rewriter: Rewriter, node: LooseNode): boolean {
  return node.op === "add" && rewriter.known(node.inputs.b) && !rewriter.known(node.inputs.a);
}

/** Scales a node's known operand [1, C, …] channel by channel. */
export function scaleOperand(rewriter: Rewriter, node: LooseNode, slot: string, scale: ArrayLike<number>): void {
  const map = rewriter.exact(node.inputs[slot] as string);
  const perChannel = map.length / scale.length;
  rewriter.overwrite(
    node,
    slot,
    map.map((value, i) => value * (scale[Math.floor(i / perChannel)] as number)),
  );
}
