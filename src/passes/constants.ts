/** Operands that are known before the network runs, and nodes that change nothing. */
import { readAttrs } from "../graph/io.ts";
import { opOf } from "../graph/verify.ts";
import { isBareFilter, scaleFilter, setBias } from "./filters.ts";
import type { LooseNode, Rewriter } from "./rewriter.ts";

/**
 * Adds and multiplications by a constant per channel go into the convolution or linear layer that they alone read; where the constant changes
 * from pixel to pixel (a dead layer's at padded borders) an addition stays one. Slopes, sums, products and moves of channels that change
 * nothing disappear.
 */
export function foldConstants(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes]) {
    if (node.op === "add" || node.op === "mul") foldOperand(rewriter, node);
    else if (isIdentity(rewriter, node)) rewriter.bypass(node, node.inputs.x ?? (node.inputs.x0 as string));
    else dropNeutral(rewriter, node);
  }
}

function foldOperand(rewriter: Rewriter, node: LooseNode): void {
  const { a, b } = node.inputs as { a: string; b: string };
  if (rewriter.known(a) || !rewriter.known(b) || rewriter.shape(b)[0] !== 1) return;
  const neutral = node.op === "add" ? 0 : 1;
  const perChannel = uniform(rewriter.exact(b), rewriter.shape(b)[1] as number);
  if (!perChannel) return;
  const source = rewriter.feeder(a, node);
  if (perChannel.every((value) => value === neutral)) rewriter.bypass(node, a);
  else if (source && isBareFilter(rewriter, source) && rewriter.bypass(node, a, "output")) {
    if (node.op === "mul") scaleFilter(rewriter, source, perChannel);
    else {
      const bias = source.inputs.bias === undefined ? undefined : rewriter.exact(source.inputs.bias);
      setBias(
        rewriter,
        source,
        perChannel.map((value, c) => value + (bias?.[c] ?? 0)),
      );
    }
  }
}

/** One number per channel, where all pixels of each channel agree. */
export function uniform(map: Float64Array, channels: number): Float64Array | undefined {
  const pixels = map.length / channels;
  for (let i = 0; i < map.length; i++) if (map[i] !== map[i - (i % pixels)]) return undefined;
  return Float64Array.from({ length: channels }, (_, c) => map[c * pixels] as number);
}

/** True for a node that hands its input on as it is. */
function isIdentity(rewriter: Rewriter, node: LooseNode): boolean {
  const attrs = readAttrs(node, opOf(node, rewriter.table));
  const size = (slot: string): number => rewriter.shape(node.inputs[slot] as string)[1] as number;
  switch (node.op) {
    case "gather_channels":
      return inOrder(attrs.index as number[], size("x"));
    case "scatter_add_channels":
      return node.inputs.base === undefined && inOrder(attrs.index as number[], attrs.channels as number);
    case "slice_channels":
      return attrs.count === size("x");
    case "pad_channels":
      return attrs.before === 0 && attrs.after === 0;
    case "concat":
      return node.inputs.x1 === undefined;
    default:
      return false;
  }
}

const inOrder = (index: readonly number[], channels: number): boolean =>
  index.length === channels && index.every((from, to) => from === to);

/** Optional operands that change nothing: slopes of 1, a base of 0. */
function dropNeutral(rewriter: Rewriter, node: LooseNode): void {
  const neutral = { slope: 1, base: 0, bias: 0 } as const;
  for (const [slot, value] of Object.entries(neutral)) {
    const name = node.inputs[slot];
    if (rewriter.known(name) && rewriter.numbers(name).every((number) => number === value)) delete node.inputs[slot];
  }
}
