/**
 * Rotations disappear into their neighbours. relu is positively homogeneous, so that `b·relu(z) = sign(b)·relu(|b|·z)`: |b| goes into what
 * makes z (batch norm, convolution, linear), through pools too. What is left, the sign or where |b| had nowhere to go the slope, goes into
 * the weights that read the activation, if they are its only readers. Slopes of functions that are not homogeneous can only go forward.
 */
import { bindNode } from "../graph/io.ts";
import { mapIndex } from "../graph/ties.ts";
import { opOf } from "../graph/verify.ts";
import { type Activation, isActivation } from "../ops/activation.ts";
import { isBareFilter, isKnownBatchNorm, scaleFilter, scaleOperand, sourceOf } from "./filters.ts";
import type { LooseNode, Read, Rewriter } from "./rewriter.ts";

/** f(a·x) = a·f(x) for every a ≥ 0 */
const HOMOGENEOUS: Readonly<Record<Activation, boolean>> = { relu: true, relu6: false };

export function foldSlopes(rewriter: Rewriter): void {
  for (const node of rewriter.nodes) {
    if (!isActivation(node.op) || !rewriter.known(node.inputs.slope)) continue;
    if (HOMOGENEOUS[node.op]) foldMagnitude(rewriter, node);
    const slope = rewriter.exact(node.inputs.slope);
    const absorptions = absorb(rewriter, node.outputs.y as string, slope);
    for (const apply of absorptions ?? []) apply();
    if (absorptions || slope.every((b) => b === 1)) delete node.inputs.slope;
  }
}

/** Moves |b| before the activation, if something there can take it; the slope left is 1 or −1. */
function foldMagnitude(rewriter: Rewriter, node: LooseNode): void {
  const source = sourceOf(rewriter, node.inputs.x as string, node, ["max_pool", "avg_pool", "global_avg_pool"]);
  if (!source) return;
  const slope = rewriter.exact(node.inputs.slope as string);
  const size = slope.map(Math.abs);
  if (isKnownBatchNorm(rewriter, source.node)) {
    for (const param of ["gamma", "beta"]) scaleOperand(rewriter, source.node, param, size);
  } else if (isBareFilter(rewriter, source.node)) {
    scaleFilter(rewriter, source.node, size);
  } else {
    return;
  }
  for (const add of source.constants) scaleOperand(rewriter, add, "b", size);
  rewriter.overwrite(
    node,
    "slope",
    slope.map((b) => (b < 0 ? -1 : 1)),
  );
}

/** Ops through which a factor per channel may pass. A max pool is one only for factors that are not negative. */
const LINEAR = ["avg_pool", "global_avg_pool", "flatten", "reshape", "concat", "pad_channels", "slice_channels", "gather_channels"];

/** What to do so that `value` may lose its factor per channel; undefined where some reader cannot take it. */
function absorb(rewriter: Rewriter, value: string, factor: Float64Array): (() => void)[] | undefined {
  const reads = rewriter.reads(value);
  if (rewriter.outputs.includes(value) || reads.length === 0) return undefined;
  const all = reads.map(({ node, slot }) => {
    if ((node.op === "conv2d" || node.op === "linear") && slot === "x" && rewriter.known(node.inputs.w)) {
      return [() => scaleColumns(rewriter, node, factor)];
    }
    if (!LINEAR.includes(node.op) && !(node.op === "max_pool" && factor.every((f) => f >= 0))) return undefined;
    const next = carry(rewriter, { node, slot }, factor);
    return next && absorb(rewriter, node.outputs.y as string, next);
  });
  return all.every((list) => list !== undefined) ? all.flat() : undefined;
}

/** The factors of a node's output where one of its inputs has `factor` and the others 1; undefined where no tie says so. */
function carry(rewriter: Rewriter, { node, slot }: Read, factor: Float64Array): Float64Array | undefined {
  const def = opOf(node, rewriter.table);
  const io = bindNode({ values: rewriter.values }, node, def, 1);
  const out = new Float64Array(io.shape("y")[1] as number).fill(1);
  for (const { a, b, map } of def.channels(io)) {
    if (a[0] === slot && b[0] === "y") {
      factor.forEach((f, i) => {
        for (const j of mapIndex(map, i, out.length)) out[j] = f;
      });
      return out;
    }
    if (a[0] === "y" && b[0] === slot) {
      for (let j = 0; j < out.length; j++) {
        const factors = new Set(mapIndex(map, j, factor.length).map((i) => factor[i] as number));
        if (factors.size > 1) return undefined;
        for (const f of factors) out[j] = f;
      }
      return out;
    }
  }
  return undefined;
}

/** w[o, c] → w[o, c] · factor[the channel that column c of o's group reads]. */
function scaleColumns(rewriter: Rewriter, node: LooseNode, factors: Float64Array): void {
  const gather = node.attrs.gather as readonly number[] | undefined;
  const factor = gather?.length ? Float64Array.from(gather, (channel) => factors[channel] as number) : factors;
  const w = rewriter.exact(node.inputs.w as string);
  const [filters = 1, perGroup = 1] = rewriter.shape(node.inputs.w as string) as number[];
  const groups = factor.length / perGroup;
  const taps = w.length / filters / perGroup;
  rewriter.overwrite(
    node,
    "w",
    w.map((weight, i) => {
      const column = Math.floor(i / taps);
      const group = Math.floor(Math.floor(column / perGroup) / (filters / groups));
      return weight * (factor[group * perGroup + (column % perGroup)] as number);
    }),
  );
}
