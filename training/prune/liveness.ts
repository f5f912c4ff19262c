/**
 * Which channels depend on the input, and which of those an output needs. A dead channel kills an edge: it is constant, what depends on
 * nothing else is constant too, and what only constants and unneeded channels read is needed by nobody.
 */
import type { Graph } from "../../src/graph/graph.ts";
import { Constants } from "./constants.ts";
import {
  type AnyWire,
  CONSTANT,
  channelCount,
  isRoutable,
  LIVE,
  type LinkedWire,
  type MixWire,
  readingGroups,
  type Wiring,
  ZERO,
} from "./wiring.ts";

export interface Liveness {
  /** ZERO, CONSTANT or LIVE for each channel of each value that carries data. */
  readonly states: ReadonlyMap<string, Uint8Array>;
  /** 1 for each live channel that an output needs. Constant ones are never computed. */
  readonly needs: ReadonlyMap<string, Uint8Array>;
  /** The numbers of the constant ones. */
  readonly constants: Constants;
}

/** `dead`: activation node → 1 for each channel that is cut away. */
export function livenessOf(wiring: Wiring, dead: ReadonlyMap<string, Uint8Array>): Liveness {
  const states = new Map(wiring.given);
  const constants = new Constants(wiring, states);
  for (const wire of wiring.wires) states.set(wire.y, stateOf(wiring, wire, states, constants, dead.get(wire.node.name)));
  return { states, needs: needsOf(wiring, states), constants };
}

export type States = ReadonlyMap<string, Uint8Array>;

/** What is known of a wire's y, from what is known of its inputs. */
export function stateOf({ graph }: Wiring, wire: AnyWire, states: States, constants: Constants, dead?: Uint8Array): Uint8Array {
  let y: Uint8Array;
  if (wire.kind === "mix") y = mixStates(wire, states.get(wire.x) as Uint8Array);
  else if (wire.kind === "whole") y = new Uint8Array(wire.channels).fill(states.get(wire.x)?.includes(LIVE) ? LIVE : CONSTANT);
  else y = linkedStates(wire, states, constants);
  dead?.forEach((isDead, c) => {
    if (isDead) y[c] = ZERO;
  });
  // channels that cannot be moved stand or fall together
  if (!isRoutable(graph, wire.y) && y.includes(LIVE)) y.fill(LIVE);
  return y;
}

function mixStates(wire: MixWire, x: Uint8Array): Uint8Array {
  const { channels, perGroup, groups, reads, dense, biased } = wire;
  const most = Array.from({ length: dense ? groups : 0 }, (_, g) => highest(x.subarray(g * perGroup, (g + 1) * perGroup)));
  return Uint8Array.from({ length: channels }, (_, o) => {
    const group = Math.floor(o / (channels / groups));
    const base = group * perGroup;
    let state: number = biased[o] ? CONSTANT : ZERO;
    if (dense) return Math.max(state, most[group] as number);
    for (let c = 0; c < perGroup && state !== LIVE; c++) {
      if (reads[o * perGroup + c]) state = Math.max(state, x[base + c] as number);
    }
    return state;
  });
}

function highest(states: Uint8Array): number {
  let most: number = ZERO;
  for (const state of states) if (state > most) most = state;
  return most;
}

function linkedStates(wire: LinkedWire, states: States, constants: Constants): Uint8Array {
  return wire.limit.map((limit, j) => {
    let state: number = ZERO;
    let vanishes = false;
    for (const { value, from, count } of wire.links) {
      const first = from[j] as number;
      for (let k = 0; k < count && first >= 0; k++) state = Math.max(state, states.get(value)?.[first + k] as number);
      // a product with zero is zero, whatever the other factor; the one place where a constant's numbers decide
      vanishes ||= wire.kind === "product" && constants.isZero(value, first);
    }
    if (vanishes) return ZERO;
    if (state === ZERO && !wire.keepsZero) state = CONSTANT;
    return Math.min(state, limit);
  });
}

function needsOf({ graph, wires, given }: Wiring, states: States): Map<string, Uint8Array> {
  const needs = new Map<string, Uint8Array>();
  for (const name of [...given.keys(), ...wires.map((wire) => wire.y)]) needs.set(name, new Uint8Array(channelCount(graph, name)));
  const want = (name: string, channel: number): void => {
    if (states.get(name)?.[channel] === LIVE) (needs.get(name) as Uint8Array)[channel] = 1;
  };
  for (const name of graph.outputs) wantAll(graph, name, want);
  for (const wire of [...wires].reverse()) demand(graph, wire, needs.get(wire.y) as Uint8Array, want);
  return needs;
}

/** Names a channel of a value that somebody needs, live or not. */
export type Want = (value: string, channel: number) => void;

export function wantAll(graph: Graph, value: string, want: Want): void {
  for (let channel = 0; channel < channelCount(graph, value); channel++) want(value, channel);
}

/** Wants what a wire reads where these channels of its y are needed. */
export function demand(graph: Graph, wire: AnyWire, y: Uint8Array, want: Want): void {
  if (!y.includes(1)) return;
  if (!isRoutable(graph, wire.y)) wantAll(graph, wire.y, want);
  if (wire.kind === "whole") wantAll(graph, wire.x, want);
  else if (wire.kind === "mix") for (const { read } of readingGroups(wire, y)) for (const c of read) want(wire.x, c);
  else {
    for (const { value, from, count } of wire.links) {
      for (let j = 0; j < y.length; j++) {
        for (let k = 0; k < count && y[j] && (from[j] as number) >= 0; k++) want(value, (from[j] as number) + k);
      }
    }
  }
}
