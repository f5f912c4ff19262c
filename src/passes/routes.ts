/**
 * Moves of channels (gather, slice, pad, scatter without a sum) run inside the convolutions around them, which find their planes by tables instead:
 * `gather` for what they read, `shortcut` for what they add, `scatter` for what they write.
 */
import { bindNode } from "../graph/io.ts";
import { opOf } from "../graph/verify.ts";
import { inverseIndex } from "../ops/channels.ts";
import type { LooseNode, Read, Rewriter } from "./rewriter.ts";

export const channelRange = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

const inOrder = (list: readonly number[], size: number): boolean => list.length === size && list.every((from, to) => from === to);

/** True for a convolution that takes tables. */
export const takesRoutes = ({ op, attrs }: LooseNode): boolean => op === "conv2d" && (attrs.groups ?? 1) === 1;

/** A convolution's table; every index in order where it has none. */
function tableOf(node: LooseNode, name: "gather" | "scatter" | "shortcut", size: number): readonly number[] {
  const list = node.attrs[name] as readonly number[] | undefined;
  return list === undefined || list.length === 0 ? channelRange(size) : list;
}

/** For each channel of y the channel of x that it is, −1 for zeros; undefined for a node that does more than move the channels of x. */
export function routeOf(rewriter: Rewriter, node: LooseNode): readonly number[] | undefined {
  const moves = ["gather_channels", "slice_channels", "pad_channels", "scatter_add_channels"].includes(node.op);
  if (!moves || node.inputs.base !== undefined) return undefined;
  const def = opOf(node, rewriter.table);
  return def.steps(bindNode({ values: rewriter.values }, node, def, 1))[0]?.tables.table;
}

/** What is done with a filter's output where it is read: its channels get places among more, and another value is added. */
export interface Join {
  /** Where each channel goes, among how many; all stay where they are unless given. */
  readonly places?: readonly number[];
  readonly channels: number;
  readonly other?: string;
  /** For each channel of the sum its channel of `other`, −1 for none; the same one unless given. */
  readonly shortcut?: readonly number[];
}

/** The join that a reader of value y is; undefined for one that does something else, or needs y as a whole. */
export function joinOf(rewriter: Rewriter, y: string, { node, slot }: Read): Join | undefined {
  const { inputs, attrs } = node;
  const size = (name: string): number => rewriter.shape(name)[1] as number;
  if (node.op === "add") return { channels: size(y), other: inputs[slot === "a" ? "b" : "a"] };
  if (node.op === "scatter_add_channels") {
    const { index, channels } = attrs as { index: readonly number[]; channels: number };
    return slot === "x"
      ? { places: index, channels, other: inputs.base }
      : { channels, other: inputs.x, shortcut: inverseIndex(index, channels) };
  }
  if (node.op === "concat" && Object.keys(inputs).length === 2) {
    const [own, other] = slot === "x0" ? [inputs.x0, inputs.x1] : [inputs.x1, inputs.x0];
    const [count, more] = [size(own as string), size(other as string)];
    const none = new Array<number>(count).fill(-1);
    return slot === "x0"
      ? { places: channelRange(count), channels: count + more, other, shortcut: [...none, ...channelRange(more)] }
      : { places: channelRange(count, more), channels: count + more, other, shortcut: [...channelRange(more), ...none] };
  }
  const route = routeOf(rewriter, node);
  if (!route) return undefined;
  const places = inverseIndex(
    route.flatMap((from) => (from < 0 ? [] : [from])),
    size(y),
  );
  // a filter whose channel is dropped would be computed for nothing
  if (places.includes(-1)) return undefined;
  const kept = route.flatMap((from, to) => (from < 0 ? [] : [to]));
  return { places: places.map((place) => kept[place] as number), channels: route.length };
}

/** Gives the channels that a convolution writes their places in a join; what it added so far goes with them. `channels`: of y as it was. */
export function placeFilters(node: LooseNode, { places, channels: all }: Join, channels: number): void {
  if (places === undefined || inOrder(places, all)) return;
  const filters = (node.attrs.scatter as readonly number[] | undefined)?.length || channels;
  if (node.inputs.residual !== undefined) {
    const shortcut = new Array<number>(all).fill(-1);
    tableOf(node, "shortcut", channels).forEach((from, to) => {
      shortcut[places[to] as number] = from;
    });
    node.attrs.shortcut = shortcut;
  }
  const scatter = tableOf(node, "scatter", filters).map((to) => places[to] as number);
  for (const name of ["scatter", "channels"]) delete node.attrs[name];
  if (!inOrder(scatter, all)) Object.assign(node.attrs, { scatter, channels: all });
}

/** Makes a convolution add these channels of `source`, −1 for none. */
export function addChannels(rewriter: Rewriter, node: LooseNode, source: string, shortcut: readonly number[]): void {
  node.inputs.residual = source;
  delete node.attrs.shortcut;
  if (shortcut.every((channel) => channel < 0)) delete node.inputs.residual;
  else if (!inOrder(shortcut, rewriter.shape(source)[1] as number)) node.attrs.shortcut = shortcut;
}

/** Puts every move of channels into the convolutions that alone read its result, pools in between or not. The latest moves go first. */
export function fuseRoutes(rewriter: Rewriter): void {
  for (const node of [...rewriter.nodes].reverse()) {
    const route = routeOf(rewriter, node);
    const read = route && absorb(rewriter, node.outputs.y as string, route, rewriter.shape(node.inputs.x as string)[1] as number);
    if (!read) continue;
    read(node.inputs.x as string);
    rewriter.remove(node);
  }
}

/** Makes all readers of a value read the source of its channels instead; undefined where one of them cannot. */
function absorb(rewriter: Rewriter, value: string, route: readonly number[], size: number): ((source: string) => void) | undefined {
  const reads = rewriter.reads(value);
  if (rewriter.outputs.includes(value) || reads.length === 0) return undefined;
  const changes = reads.map(({ node, slot }) => {
    if (takesRoutes(node) && slot === "x" && !route.includes(-1)) return (source: string) => gatherFrom(rewriter, node, source, route);
    if (takesRoutes(node) && slot === "residual") return (source: string) => addFrom(rewriter, node, source, route);
    if (node.op === "max_pool" || node.op === "avg_pool") return widenPool(rewriter, node, route, size);
    return undefined;
  });
  if (changes.includes(undefined)) return undefined;
  return (source) => {
    for (const change of changes) change?.(source);
  };
}

function gatherFrom(rewriter: Rewriter, node: LooseNode, source: string, route: readonly number[]): void {
  const columns = rewriter.shape(node.inputs.w as string)[1] as number;
  const gather = tableOf(node, "gather", columns).map((channel) => route[channel] as number);
  node.inputs.x = source;
  if (inOrder(gather, rewriter.shape(source)[1] as number)) delete node.attrs.gather;
  else node.attrs.gather = gather;
}

function addFrom(rewriter: Rewriter, node: LooseNode, source: string, route: readonly number[]): void {
  const channels = rewriter.shape(node.outputs.y as string)[1] as number;
  const shortcut = tableOf(node, "shortcut", channels).map((channel) => route[channel] ?? -1);
  addChannels(rewriter, node, source, shortcut);
}

/** A pool may come before a move instead of after it, if that makes it not many times larger than it was. */
const WIDER = 4;

function widenPool(rewriter: Rewriter, pool: LooseNode, route: readonly number[], size: number): ((source: string) => void) | undefined {
  const y = pool.outputs.y as string;
  const after = size <= WIDER * route.length ? absorb(rewriter, y, route, size) : undefined;
  return (
    after &&
    ((source) => {
      const [batch, , ...pixels] = rewriter.shape(y);
      const wide = rewriter.temp(rewriter.fresh(`${y}.all`), [batch as "N", size, ...pixels]);
      pool.inputs.x = source;
      pool.outputs = { y: wide };
      after(wide);
    })
  );
}
