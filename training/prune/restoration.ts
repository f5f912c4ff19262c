/** Channels that come back one by one: only what depends on each is looked at anew, so that thousands can be tried. */
import { demand, type Liveness, stateOf, wantAll } from "./liveness.ts";
import type { Size, Sizes } from "./sizes.ts";
import { LIVE, PARAMETERS, type Wiring } from "./wiring.ts";

export class Restoration {
  readonly #wiring: Wiring;
  readonly #sizes: Sizes;
  readonly #liveness: Liveness;
  readonly #dead: ReadonlyMap<string, Uint8Array>;
  readonly #readers = new Map<string, number[]>();
  readonly #index = new Map<string, number>();
  readonly #each: Size[];
  #size: Size;
  /** How to take back the last step. */
  #undo: (() => void)[] = [];

  /** True if all that a channel's return changes can be found by following it. */
  static fits(wiring: Wiring, sizes: Sizes): boolean {
    return sizes.isSum && wiring.wires.every(({ kind }) => kind !== "product");
  }

  /** `liveness` and `dead` belong together, and to the restoration from now on. */
  constructor(wiring: Wiring, sizes: Sizes, liveness: Liveness, dead: ReadonlyMap<string, Uint8Array>) {
    this.#wiring = wiring;
    this.#sizes = sizes;
    this.#liveness = liveness;
    this.#dead = dead;
    wiring.wires.forEach(({ node, y }, i) => {
      this.#index.set(y, i);
      for (const [slot, name] of Object.entries(node.inputs)) {
        if (!PARAMETERS.has(slot)) this.#readers.set(name, [...(this.#readers.get(name) ?? []), i]);
      }
    });
    this.#each = wiring.wires.map((wire) => sizes.ofWire(wire, liveness));
    this.#size = this.#each.reduce((a, b) => combine(a, b, 1), { params: 0, macs: 0, bytes: 0 });
  }

  /** As `Sizes.of` has it. */
  get size(): Size {
    return this.#size;
  }

  /** Lets a channel of an activation live. */
  restore(site: string, channel: number): void {
    this.#undo = [];
    const flags = this.#dead.get(site);
    const start = this.#wiring.wires.findIndex(({ node }) => node.name === site);
    if (!flags?.[channel] || start < 0) return;
    flags[channel] = 0;
    this.#undo.push(() => {
      flags[channel] = 1;
    });
    const touched = new Set<number>();
    const changed = this.#spread(start, touched);
    this.#demand(changed, touched);
    this.#count(touched);
  }

  /** Takes the last `restore` back. */
  undo(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo = [];
  }

  /** Forwards: which values have other states now. Their readers are touched. */
  #spread(start: number, touched: Set<number>): Set<string> {
    const { wires } = this.#wiring;
    const states = this.#liveness.states as Map<string, Uint8Array>;
    const changed = new Set<string>();
    const open = new Set([start]);
    for (let i = start; i < wires.length; i++) {
      const wire = wires[i];
      if (!wire || !open.has(i)) continue;
      const before = states.get(wire.y) as Uint8Array;
      const after = stateOf(this.#wiring, wire, states, this.#liveness.constants, this.#dead.get(wire.node.name));
      if (after.every((state, c) => state === before[c])) continue;
      states.set(wire.y, after);
      this.#undo.push(() => states.set(wire.y, before));
      changed.add(wire.y);
      for (const reader of this.#readers.get(wire.y) ?? []) {
        open.add(reader);
        touched.add(reader);
      }
    }
    return changed;
  }

  /** Backwards: what is needed besides, since it is live now or somebody new reads it. */
  #demand(changed: ReadonlySet<string>, touched: Set<number>): void {
    const { wires, graph } = this.#wiring;
    const { states, needs } = this.#liveness;
    const open = new Set(touched);
    const want = (value: string, channel: number): void => {
      const needed = needs.get(value) as Uint8Array;
      if (needed[channel] || states.get(value)?.[channel] !== LIVE) return;
      needed[channel] = 1;
      this.#undo.push(() => {
        needed[channel] = 0;
      });
      const producer = this.#index.get(value);
      if (producer === undefined) return;
      open.add(producer);
      touched.add(producer);
    };
    for (const name of graph.outputs) if (changed.has(name)) wantAll(graph, name, want);
    for (let i = wires.length - 1; i >= 0; i--) {
      const wire = wires[i];
      if (wire && open.has(i)) demand(graph, wire, needs.get(wire.y) as Uint8Array, want);
    }
  }

  #count(touched: ReadonlySet<number>): void {
    const before = this.#size;
    for (const i of touched) {
      const old = this.#each[i] as Size;
      const size = this.#sizes.ofWire(this.#wiring.wires[i] as Wiring["wires"][number], this.#liveness);
      this.#each[i] = size;
      this.#size = combine(combine(this.#size, size, 1), old, -1);
      this.#undo.push(() => {
        this.#each[i] = old;
      });
    }
    this.#undo.push(() => {
      this.#size = before;
    });
  }
}

const combine = (a: Size, b: Size, sign: 1 | -1): Size => ({
  params: a.params + sign * b.params,
  macs: a.macs + sign * b.macs,
  bytes: a.bytes + sign * b.bytes,
});
