/** The inverse of fusing, before cutting: every epilogue and every table of a filter a node of its own. */
import type { Attr, Shape } from "../graph/graph.ts";
import { sizeOf } from "../graph/graph.ts";
import { ops } from "../ops/index.ts";
import type { Network } from "./network.ts";
import { type LooseNode, Rewriter } from "./rewriter.ts";

/** The network with nothing fused: what liveness and cuts work on. */
export function unfused(network: Network): Network {
  const rewriter = new Rewriter(ops, network);
  splitEpilogues(rewriter);
  return rewriter.finish();
}

/** Activations get their filter's name with `.act`, moves of channels with `.gather`, `.shortcut` and `.scatter`. */
export function splitEpilogues(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes]) {
    if (node.op !== "conv2d" && node.op !== "linear") continue;
    splitInputs(rewriter, node);
    const { residual, slope } = node.inputs;
    const {
      scatter,
      channels,
      activation = "none",
    } = node.attrs as { scatter?: readonly number[]; channels?: number; activation?: string };
    let last = node;
    /** Puts a node behind the last one, which from then on writes a value of `shape` in between. */
    const split = (
      op: string,
      suffix: string,
      slot: string,
      inputs: Record<string, string>,
      attrs: Record<string, Attr> = {},
      shape?: Shape,
    ): void => {
      const { y = "" } = last.outputs;
      const between = rewriter.temp(rewriter.fresh(last.name), shape ?? rewriter.shape(y));
      last.outputs = { y: between };
      const name = rewriter.fresh(`${node.name}.${suffix}`);
      const next: LooseNode = { op, name, inputs: { [slot]: between, ...inputs }, outputs: { y }, attrs };
      rewriter.nodes.splice(rewriter.nodes.indexOf(last) + 1, 0, next);
      last = next;
    };
    const base: Record<string, string> = residual === undefined ? {} : { base: residual };
    if (scatter?.length) {
      const [batch = 1, , ...pixels] = rewriter.shape(node.outputs.y as string);
      split("scatter_add_channels", "scatter", "x", base, { index: scatter, channels: channels as number }, [
        batch,
        scatter.length,
        ...pixels,
      ]);
    } else if (residual !== undefined) split("add", "sum", "a", { b: residual });
    if (activation !== "none") split(activation, "act", "x", slope === undefined ? {} : { slope });
    else if (slope !== undefined && rewriter.known(slope)) split("mul", "scale", "a", { b: spread(rewriter, slope, last) });
    for (const slot of ["residual", "slope"]) delete node.inputs[slot];
    for (const name of ["activation", "scatter", "channels"]) delete node.attrs[name];
  }
}

/** Moves of channels before a convolution: those that it reads, and those that it adds. */
function splitInputs(rewriter: Rewriter, node: LooseNode): void {
  const { gather, shortcut } = node.attrs as { gather?: readonly number[]; shortcut?: readonly number[] };
  const before = (op: string, suffix: string, x: string, attrs: Record<string, Attr>, count: number): string => {
    const [batch = 1, , ...pixels] = rewriter.shape(x);
    const name = rewriter.fresh(`${node.name}.${suffix}`);
    const y = rewriter.temp(name, [batch, count, ...pixels]);
    rewriter.nodes.splice(rewriter.nodes.indexOf(node), 0, { op, name, inputs: { x }, outputs: { y }, attrs });
    return y;
  };
  if (gather?.length) node.inputs.x = before("gather_channels", "gather", node.inputs.x as string, { index: gather }, gather.length);
  const places = shortcut?.flatMap((from, to) => (from < 0 ? [] : [to])) ?? [];
  if (shortcut?.length && places.length === 0) delete node.inputs.residual;
  else if (shortcut?.length) {
    const index = places.map((to) => shortcut[to] as number);
    const channels = shortcut.length;
    const read = before("gather_channels", "shortcut", node.inputs.residual as string, { index }, index.length);
    node.inputs.residual =
      places.length === channels ? read : before("scatter_add_channels", "shortcut", read, { index: places, channels }, channels);
  }
  for (const name of ["gather", "shortcut"]) delete node.attrs[name];
}

/** A slope per channel as the operand [1, C, …] that multiplies the node's output. */
function spread(rewriter: Rewriter, slope: string, node: LooseNode): string {
  const shape = [1, ...(rewriter.shape(node.outputs.y as string).slice(1) as number[])];
  const numbers = rewriter.numbers(slope);
  const pixels = sizeOf(shape) / numbers.length;
  const map = Float64Array.from({ length: sizeOf(shape) }, (_, i) => numbers[Math.floor(i / pixels)] as number);
  return rewriter.tensor(rewriter.fresh(`${node.name}.scale`), "state", shape, map);
}
