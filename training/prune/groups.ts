/** Groups: what belongs to each channel of an activation. Which filters make it, which input channels read it, which norms go with it. */
import { type Graph, type Node, producersOf, readersOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { mapIndex } from "../../src/graph/ties.ts";
import { opOf, verify } from "../../src/graph/verify.ts";
import { isActivation } from "../../src/ops/activation.ts";
import { ops } from "../../src/ops/index.ts";
import { sitesOf } from "./survivors.ts";
import { channelCount, kindOf, type Link, linksOf, PARAMETERS } from "./wiring.ts";

/** One dimension of a tensor that belongs to the channels of a site. */
export interface Member {
  readonly value: string;
  readonly dim: number;
  /** The node that reads the tensor, and in which slot. */
  readonly node: string;
  readonly slot: string;
  /** Channel of the site → indices along `dim`. */
  readonly indices: readonly (readonly number[])[];
  /** True where others depend on it as well, so that the channel's death alone does not free it. */
  readonly shared: boolean;
}

/** An activation, and all that goes when a channel of it does. */
export interface ChannelGroup {
  /** The activation node. */
  readonly site: string;
  readonly channels: number;
  readonly slope?: string;
  /** Filters, biases and norms that make the channel: back to the filters before, or to another activation. */
  readonly producers: readonly Member[];
  /** Columns, and on the way norms and depthwise filters, that read it: on to the next filters that mix channels. */
  readonly readers: readonly Member[];
  /** Sums in which the channel meets another: a dead one may be filled again there. */
  readonly joins: readonly string[];
}

/** For each channel of a site the indices that it has in some value. */
type Indices = readonly (readonly number[])[];

/** The groups of all activations, in order, from the ops' ties alone. Throws GraphError or ShapeError for a graph that does not hold together. */
export function groups(graph: Graph): ChannelGroup[] {
  verify(graph, ops);
  const walk = new Walk(graph);
  return sitesOf(graph).map(({ name, node, channels, slope }) => {
    const own = range(channels).map((c) => [c]);
    const x = node.inputs.x as string;
    const joins = new Set<string>();
    const producers = walk.back(x, own, walk.isShared(x));
    const readers = walk.forward(node.outputs.y as string, own, joins);
    return { site: name, channels, slope, producers, readers, joins: [...joins] };
  });
}

class Walk {
  readonly #graph: Graph;
  readonly #producers: ReadonlyMap<string, Node>;
  readonly #readers: ReadonlyMap<string, readonly Node[]>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#producers = producersOf(graph);
    this.#readers = readersOf(graph);
  }

  /** True if more than one node reads the value, or the caller does. */
  isShared(value: string): boolean {
    return (this.#readers.get(value)?.length ?? 0) > 1 || this.#graph.outputs.includes(value);
  }

  /** What makes these channels of a value, nearest first. */
  back(value: string, indices: Indices, shared: boolean): Member[] {
    const node = this.#producers.get(value);
    if (!node || isActivation(node.op)) return [];
    const before = this.#links(node).flatMap(({ value: x, from, count }) => {
      const sources = indices.map((list) => list.flatMap((j) => ((from[j] as number) < 0 ? [] : range(count, from[j]))));
      if (sources.every((list) => list.length === 0)) return [];
      // features of one channel live and die together
      const split = new Set(from).size < from.length && from.every((i) => i >= 0);
      return this.back(x, sources, shared || split || this.isShared(x));
    });
    return [...this.#members(node, "y", indices, shared), ...before];
  }

  /** What reads these channels of a value, up to the filters that mix them and the sums where they meet others. */
  forward(value: string, indices: Indices, joins: Set<string>): Member[] {
    const reads = (this.#readers.get(value) ?? []).flatMap((node) =>
      Object.keys(node.inputs).flatMap((slot) => (node.inputs[slot] === value && !PARAMETERS.has(slot) ? [{ node, slot }] : [])),
    );
    return reads.flatMap(({ node, slot }) => {
      const columns = this.#members(node, slot, indices, false);
      const links = this.#links(node);
      const link = links.find((candidate) => candidate.slot === slot);
      if (!link) return columns;
      const targets = carried(link, indices);
      const meets = (j: number): boolean => links.some((other) => other !== link && (other.from[j] as number) >= 0);
      // a product with zero is zero, whatever it meets
      if (kindOf(node) !== "product" && targets.some((list) => list.some(meets))) {
        joins.add(node.name);
        return columns;
      }
      return [...columns, ...this.#members(node, "y", targets, false), ...this.forward(node.outputs.y as string, targets, joins)];
    });
  }

  #links(node: Node): Link[] {
    return linksOf(this.#graph, node, channelCount(this.#graph, node.outputs.y as string));
  }

  /** The parameters of a node that are tied to these channels of one of its values. */
  #members(node: Node, slot: string, indices: Indices, shared: boolean): Member[] {
    const def = opOf(node, ops);
    const io = bindNode(this.#graph, node, def, 1);
    return def.channels(io).flatMap(({ a, b: [param, dim], map }) => {
      const value = node.inputs[param];
      if (a[0] !== slot || a[1] !== 1 || value === undefined || !PARAMETERS.has(param)) return [];
      const size = io.shape(param)[dim] as number;
      const own = indices.map((list) => list.flatMap((i) => mapIndex(map, i, size)));
      // the columns of a grouped convolution are the same for all its groups
      return [{ value, dim, node: node.name, slot: param, indices: own, shared: shared || map.kind === "modulo" }];
    });
  }
}

/** The channels of y that come from these channels of an input. */
function carried({ from, count }: Link, indices: Indices): number[][] {
  const targets = new Map<number, number[]>();
  from.forEach((first, j) => {
    for (const i of first < 0 ? [] : range(count, first)) targets.set(i, [...(targets.get(i) ?? []), j]);
  });
  return indices.map((list) => list.flatMap((i) => targets.get(i) ?? []));
}

const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

/**
 * The groups as text, one paragraph for each activation: `c` stands for its channel, `~` for what others depend on too.
 *
 *     relu1: 16 channels, slope relu1.slope[c]
 *       from  conv1.weight[c]  bn1.weight[c]  bn1.bias[c]
 *       to    fc1.weight[:, 49c…49c+48]
 *       meets add1
 */
export function printGroups(list: readonly ChannelGroup[]): string {
  const line = (label: string, items: readonly string[]): string[] =>
    items.length > 0 ? [`  ${label.padEnd(5)} ${items.join("  ")}`] : [];
  return list
    .map(({ site, channels, slope, producers, readers, joins }) =>
      [
        `${site}: ${channels} channels${slope === undefined ? "" : `, slope ${slope}[c]`}`,
        ...line("from", producers.map(printMember)),
        ...line("to", readers.map(printMember)),
        ...line("meets", joins),
      ].join("\n"),
    )
    .join("\n\n");
}

function printMember({ value, dim, indices, shared }: Member): string {
  return `${shared ? "~" : ""}${value}[${":, ".repeat(dim)}${printIndices(indices)}]`;
}

/** `c`, `c+8`, `49c…49c+48`, or the indices of the first channels. */
function printIndices(indices: Indices): string {
  const size = indices[0]?.length ?? 0;
  const start = indices[0]?.[0] ?? 0;
  const step = (indices[1]?.[0] ?? start + size) - start;
  const regular =
    size > 0 && step > 0 && indices.every((list, c) => list.length === size && list.every((i, k) => i === start + step * c + k));
  const term = (offset: number): string => `${step === 1 ? "" : step}c${offset === 0 ? "" : `+${offset}`}`;
  if (regular) return size === 1 ? term(start) : `${term(start)}…${term(start + size - 1)}`;
  const shown = indices.slice(0, 8).map((list) => (list.length > 0 ? list.join("+") : "–"));
  return `${shown.join(" ")}${indices.length > shown.length ? " …" : ""}`;
}
