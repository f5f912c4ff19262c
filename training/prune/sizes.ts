/** What a network costs, and what one would cost that a cut would leave, without making it. */
import { type Cost, costOf } from "../../src/graph/cost.ts";
import { type Graph, sizeOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { opOf } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { filterPlan } from "./filters.ts";
import type { Liveness } from "./liveness.ts";
import { marked } from "./survivors.ts";
import { type AnyWire, CONSTANT, LIVE, PARAMETERS, type Wiring } from "./wiring.ts";

/** How large a network is, by `costOf`. */
export interface Size {
  /** Learned numbers. */
  readonly params: number;
  /** Multiply-adds per example. */
  readonly macs: number;
  /** Bytes of weights, statistics and constants. */
  readonly bytes: number;
}

export interface Forecast extends Size {
  /** False where constants will have to be written, whose numbers `params` and `bytes` do not count. `macs` always holds. */
  readonly exact: boolean;
}

export function sizeOfGraph(graph: Graph): Size {
  const { params, macs, bytes }: Cost = costOf(graph, ops);
  return { params, macs, bytes };
}

/** Made once for a network, asked for each choice of survivors. */
export class Sizes {
  readonly #wiring: Wiring;
  /** Multiply-adds for each pair of a filter and a channel that it reads. */
  readonly #pair = new Map<AnyWire, number>();
  /** Tensors that several nodes read: where they want different parts, each gets its own. */
  readonly #shared = new Set<string>();

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
    const seen = new Set<string>();
    for (const wire of wiring.wires) {
      for (const [slot, name] of Object.entries(wire.node.inputs)) {
        if (!PARAMETERS.has(slot)) continue;
        if (seen.has(name)) this.#shared.add(name);
        seen.add(name);
      }
      if (wire.kind !== "mix") continue;
      const def = opOf(wire.node, ops);
      this.#pair.set(wire, def.macs(bindNode(wiring.graph, wire.node, def, 1)) / (wire.channels * wire.perGroup));
    }
  }

  of(liveness: Liveness): Forecast {
    const { graph, wires } = this.#wiring;
    const counted = new Set<string>();
    const sizes = wires.map((wire) => this.ofWire(wire, liveness, counted));
    const exact = graph.outputs.every((name) => all(liveness.states.get(name), LIVE)) && wires.every((wire) => isPlain(wire, liveness));
    const sum = (key: keyof Size) => sizes.reduce((total, size) => total + size[key], 0);
    return { macs: sum("macs"), params: sum("params"), bytes: sum("bytes"), exact };
  }

  /** True if every wire's size depends on nothing but its own channels. */
  get isSum(): boolean {
    return this.#shared.size === 0;
  }

  /** What one wire adds; `counted` collects the parts of shared tensors that are counted already. */
  ofWire(wire: AnyWire, liveness: Liveness, counted = new Set<string>()): Size {
    const wanted = marked(liveness.needs.get(wire.y) as Uint8Array);
    if (wanted.length === 0) return NOTHING;
    const plan = wire.kind === "mix" ? filterPlan(wire, liveness) : undefined;
    const filters = plan ? plan.outputs.length : wanted.length;
    const columns = plan ? plan.inputs.length / plan.groups : 0;
    let [params, states] = [0, 0];
    for (const [slot, name] of Object.entries(wire.node.inputs)) {
      if (!PARAMETERS.has(slot)) continue;
      const { shape, role } = this.#wiring.graph.values[name] as { shape: readonly number[]; role: string };
      if (this.#shared.has(name)) {
        const part = `${name} ${(plan?.outputs ?? wanted).join()} ${slot === "w" ? plan?.inputs.join() : ""}`;
        if (counted.has(part)) continue;
        counted.add(part);
      }
      const numbers = slot === "w" ? filters * columns * sizeOf(shape.slice(2)) : filters;
      if (role === "param") params += numbers;
      else states += numbers;
    }
    return { macs: (this.#pair.get(wire) ?? 0) * filters * columns, params, bytes: 4 * (params + states) };
  }
}

const NOTHING: Size = { params: 0, macs: 0, bytes: 0 };

/** True if nothing but live channels and slices of parameters are written for the node. */
function isPlain(wire: AnyWire, { states, needs }: Liveness): boolean {
  const wanted = marked(needs.get(wire.y) as Uint8Array);
  if (wanted.length === 0) return true;
  if (wire.kind === "mix") return !states.get(wire.x)?.includes(CONSTANT);
  if (wire.kind === "whole") return all(states.get(wire.x), LIVE);
  return wire.links.every(({ value, from, count }) => {
    const x = states.get(value);
    return wanted.every((j) => (from[j] as number) < 0 || !x?.subarray(from[j], (from[j] as number) + count).includes(CONSTANT));
  });
}

const all = (flags: Uint8Array | undefined, state: number): boolean => flags?.every((flag) => flag === state) ?? false;
