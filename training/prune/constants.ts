/**
 * The numbers of constant channels. What no input reaches is computed once, in float64, as a map over its pixels: a constant is the same at
 * every pixel only until a padded convolution, whose border reads zeros.
 */
import { type Node, sizeOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { opOf } from "../../src/graph/verify.ts";
import { type OpName, ops } from "../../src/ops/index.ts";
import { reference } from "../../src/reference/table.ts";
import { CONSTANT, type Wiring } from "./wiring.ts";

/** Numbers of one example, [channels · pixels]; undefined stands for zeros. */
type Pixels = Float64Array | undefined;

/** Computed when asked for: most dead channels are zero, and so is what follows from them. */
export class Constants {
  readonly #wiring: Wiring;
  readonly #states: ReadonlyMap<string, Uint8Array>;
  readonly #maps = new Map<string, Pixels>();
  readonly #raw = new Map<string, Float64Array>();

  /** `states` may still grow: a value's must be known when it is asked for. */
  constructor(wiring: Wiring, states: ReadonlyMap<string, Uint8Array>) {
    this.#wiring = wiring;
    this.#states = states;
  }

  /** The constant channels of a value; its others are zero. */
  of(value: string): Pixels {
    if (!this.#maps.has(value)) this.#maps.set(value, this.#map(value));
    return this.#maps.get(value);
  }

  /** True if channel c of a value is constant and at every pixel zero. */
  isZero(value: string, c: number): boolean {
    const states = this.#states.get(value) as Uint8Array;
    if (states[c] !== CONSTANT) return states[c] === 0;
    const map = this.of(value) as Float64Array;
    const pixels = map.length / states.length;
    return map.subarray(c * pixels, (c + 1) * pixels).every((number) => number === 0);
  }

  /** What a filter gives where all live channels of x are zero: its bias and what constant channels add. Undefined: the bias alone. */
  shift(node: Node): Pixels {
    return this.of(node.inputs.x as string) && this.#evaluate(node);
  }

  #map(value: string): Pixels {
    const states = this.#states.get(value);
    if (!states?.includes(CONSTANT)) return undefined;
    const wire = this.#wiring.producers.get(value);
    if (!wire) return Float64Array.from(this.#wiring.network.tensors[value] ?? []);
    const raw = this.#evaluate(wire.node);
    const pixels = raw.length / states.length;
    return raw.map((number, i) => (states[Math.floor(i / pixels)] === CONSTANT ? number : 0));
  }

  /** Runs a node on one example whose live channels are zero. */
  #evaluate(node: Node): Float64Array {
    const known = this.#raw.get(node.name);
    if (known) return known;
    const { network } = this.#wiring;
    const def = opOf(node, ops);
    const { attrs, has, shape, list } = bindNode(network.graph, node, def, 1);
    const input = (slot: string): Float64Array => {
      const name = node.inputs[slot] as string;
      const numbers = this.of(name) ?? network.tensors[name];
      return numbers ? Float64Array.from(numbers) : new Float64Array(sizeOf(shape(slot)));
    };
    const shared = def.shares.y;
    const y = shared === undefined ? new Float64Array(sizeOf(shape("y"))) : input(shared);
    reference[node.op as OpName]({ attrs, has, shape, list, input, output: () => y });
    this.#raw.set(node.name, y);
    return y;
  }
}
