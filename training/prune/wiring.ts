/**
 * How channels depend on one another, from the ops' ties and the numbers' zeros: made once per network, read by liveness, cost and cut.
 * Six kinds of node are enough; a new op names its kind here and needs nothing else.
 */
import { GraphError } from "../../src/errors.ts";
import { type Graph, type Node, sizeOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { mapIndex } from "../../src/graph/ties.ts";
import { opOf } from "../../src/graph/verify.ts";
import { forActivations, isActivation } from "../../src/ops/activation.ts";
import { type OpName, ops } from "../../src/ops/index.ts";
import type { Network } from "../../src/passes/network.ts";
import { activations } from "../../src/reference/activation.ts";
import { marked } from "./survivors.ts";

/** What is known of a channel before the network runs: zero whatever the input, constant whatever the input, or neither. */
export const ZERO = 0;
export const CONSTANT = 1;
export const LIVE = 2;

/**
 * - `mix`: a filter reads all channels of its group through weights (conv2d, linear);
 * - `each`: channel j of y is a function of channel j of x and of parameters;
 * - `sum`: channel j of y is the sum of at most one channel of each input (add, concat, pad, slice, gather, scatter-add);
 * - `product`: the product of channel j of both inputs;
 * - `memory`: the same numbers under other dimensions (flatten, reshape);
 * - `whole`: every channel of y depends on every channel of x.
 */
const KINDS = {
  conv2d: "mix",
  linear: "mix",
  batch_norm: "each",
  ...forActivations(() => "each" as const),
  max_pool: "each",
  avg_pool: "each",
  global_avg_pool: "each",
  add: "sum",
  concat: "sum",
  pad_channels: "sum",
  slice_channels: "sum",
  gather_channels: "sum",
  scatter_add_channels: "sum",
  mul: "product",
  flatten: "memory",
  reshape: "memory",
  softmax: "whole",
} as const satisfies Readonly<Record<OpName, string>>;

export type Kind = (typeof KINDS)[OpName];
export const kindOf = (node: Node): Kind => KINDS[node.op as OpName];

/** Channel j of y comes from channels from[j] … from[j] + count − 1 of an input; from no channel of it where from[j] is −1. */
export interface Link {
  readonly slot: string;
  readonly value: string;
  readonly from: Int32Array;
  readonly count: number;
}

interface Wire {
  readonly node: Node;
  readonly y: string;
  /** Channels of y. */
  readonly channels: number;
}

export interface LinkedWire extends Wire {
  readonly kind: "each" | "sum" | "product" | "memory";
  readonly links: readonly Link[];
  /** Channels whose parameters make them the same for every input: ZERO or CONSTANT; LIVE for all others. */
  readonly limit: Uint8Array;
  /** True if y is zero where all it comes from is. */
  readonly keepsZero: boolean;
}

export interface MixWire extends Wire {
  readonly kind: "mix";
  readonly x: string;
  readonly groups: number;
  /** Input channels of each group. */
  readonly perGroup: number;
  /** 1 where filter o reads channel c of its group with a weight that is not zero, at o · perGroup + c. */
  readonly reads: Uint8Array;
  /** True if every filter reads every channel of its group, which spares looking it up. */
  readonly dense: boolean;
  /** 1 for each filter with a bias that is not zero. */
  readonly biased: Uint8Array;
}

export interface WholeWire extends Wire {
  readonly kind: "whole";
  readonly x: string;
}

export type AnyWire = LinkedWire | MixWire | WholeWire;

export interface Wiring {
  readonly network: Network;
  readonly graph: Graph;
  /** One for each node, in order. */
  readonly wires: readonly AnyWire[];
  /** What is known of inputs, parameters and states that nodes read as data. */
  readonly given: ReadonlyMap<string, Uint8Array>;
  /** The wire that makes each value. */
  readonly producers: ReadonlyMap<string, AnyWire>;
}

/** Slots that hold parameters, first dimension (of `w` the first two) by channel; all others hold data. */
export const PARAMETERS = new Set(["w", "bias", "slope", "gamma", "beta", "mean", "var"]);

/** `network.graph` must be verified. Throws GraphError E_GRAPH where a weight is computed instead of given. */
export function wiringOf(network: Network): Wiring {
  const { graph } = network;
  const given = new Map<string, Uint8Array>();
  for (const name of graph.inputs) given.set(name, new Uint8Array(channelCount(graph, name)).fill(LIVE));
  const wires = graph.nodes.map((node) => {
    for (const [slot, name] of Object.entries(node.inputs)) {
      const known = Object.hasOwn(network.tensors, name);
      if (!PARAMETERS.has(slot) && known) given.set(name, statesOf(network, name));
      if (PARAMETERS.has(slot) && !known) {
        throw new GraphError(
          "E_GRAPH",
          `${node.op} "${node.name}": ${slot} "${name}" is computed by the network; only parameters can be cut`,
        );
      }
    }
    return wireOf(network, node);
  });
  return { network, graph, wires, given, producers: new Map(wires.map((wire) => [wire.y, wire])) };
}

/** Size of dimension 1: channels, features. A value without one counts as a single channel. */
export function channelCount(graph: Graph, name: string): number {
  const { shape } = graph.values[name] as { shape: readonly unknown[] };
  return typeof shape[1] === "number" ? shape[1] : 1;
}

/** True if gather and scatter can move the value's channels. */
export function isRoutable(graph: Graph, name: string): boolean {
  const rank = graph.values[name]?.shape.length;
  return rank === 2 || rank === 4;
}

/** ZERO or CONSTANT for each channel of a known value. */
function statesOf(network: Network, name: string): Uint8Array {
  const channels = channelCount(network.graph, name);
  return rowsWith(network, name, channels).map((nonzero) => (nonzero ? CONSTANT : ZERO));
}

/** 1 for each of `rows` equal ranges of a tensor that holds a number other than zero. */
function rowsWith(network: Network, name: string | undefined, rows: number): Uint8Array {
  const flags = new Uint8Array(rows);
  const data = name === undefined ? undefined : network.tensors[name];
  if (!data) return flags;
  const size = data.length / rows;
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) flags[Math.floor(i / size)] = 1;
  return flags;
}

function wireOf(network: Network, node: Node): AnyWire {
  const { graph } = network;
  const y = node.outputs.y as string;
  const channels = channelCount(graph, y);
  const { x = "", w = "" } = node.inputs;
  const kind = kindOf(node);
  if (kind === "mix") {
    const shape = graph.values[w]?.shape as number[];
    const perGroup = shape[1] as number;
    const reads = rowsWith(network, w, channels * perGroup);
    return {
      kind,
      node,
      y,
      channels,
      x,
      perGroup,
      groups: channelCount(graph, x) / perGroup,
      reads,
      dense: reads.every((flag) => flag === 1),
      biased: rowsWith(network, node.inputs.bias, channels),
    };
  }
  if (kind === "whole") return { kind, node, y, channels, x };
  const links = linksOf(graph, node, channels);
  if (kind === "memory" && links.length === 0) return { kind: "whole", node, y, channels, x };
  return { kind, node, y, channels, links, limit: limitOf(network, node, channels), keepsZero: keepsZero(node) };
}

/** Batch norm shifts; an activation keeps zero if f(0) = 0. */
function keepsZero({ op }: Node): boolean {
  return isActivation(op) ? activations[op](0) === 0 : op !== "batch_norm";
}

/** A channel with slope 0 is zero, one with gamma 0 is beta. */
function limitOf(network: Network, node: Node, channels: number): Uint8Array {
  const limit = new Uint8Array(channels).fill(LIVE);
  const { slope, gamma, beta } = node.inputs;
  const gate = isActivation(node.op) ? slope : gamma;
  if (gate === undefined) return limit;
  const open = rowsWith(network, gate, channels);
  const shifted = rowsWith(network, beta, channels);
  return limit.map((state, c) => (open[c] ? state : shifted[c] ? CONSTANT : ZERO));
}

/** The ties between inputs and y, read from y's side. */
export function linksOf(graph: Graph, node: Node, channels: number): Link[] {
  const def = opOf(node, ops);
  const io = bindNode(graph, node, def, 1);
  const links: Link[] = [];
  for (const { a, b, map } of def.channels(io)) {
    const forward = b[0] === "y";
    const slot = forward ? a[0] : b[0];
    const value = node.inputs[slot];
    if ((!forward && a[0] !== "y") || a[1] !== 1 || b[1] !== 1 || value === undefined) continue;
    const size = channelCount(graph, value);
    const from = new Int32Array(channels).fill(-1);
    const count = !forward && map.kind === "block" ? map.size : 1;
    if (forward) for (let i = 0; i < size; i++) for (const j of mapIndex(map, i, channels)) from[j] = i;
    else for (let j = 0; j < channels; j++) from[j] = mapIndex(map, j, size)[0] ?? -1;
    links.push({ slot, value, from, count });
  }
  return links;
}

/** For each group with a needed filter: those filters, and the channels of x that they read. */
export function readingGroups(wire: MixWire, needed: Uint8Array): { kept: number[]; read: number[] }[] {
  const { channels, groups, perGroup, reads, dense } = wire;
  const filters = channels / groups;
  return Array.from({ length: groups }, (_, g) => {
    const kept = marked(needed.subarray(g * filters, (g + 1) * filters)).map((o) => g * filters + o);
    const columns = Array.from({ length: kept.length === 0 ? 0 : perGroup }, (_, c) => c);
    return { kept, read: columns.filter((c) => dense || kept.some((o) => reads[o * perGroup + c])).map((c) => g * perGroup + c) };
  }).filter(({ kept }) => kept.length > 0);
}

/** Pixels of each channel. */
export function pixelCount(graph: Graph, name: string): number {
  return sizeOf((graph.values[name]?.shape.slice(2) ?? []) as number[]);
}
