/**
 * The numbers of constant channels. What no input reaches is computed once, in float64, as a map over its pixels: a constant stays uniform
 * only until a padded convolution, whose border reads zeros (PyTorch, too, would compute just that).
 */
import { type Node, sizeOf } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { opOf } from "../../src/graph/verify.ts";
import { type OpName, ops } from "../../src/ops/index.ts";
import type { Network } from "../../src/passes/network.ts";
import { reference } from "../../src/reference/table.ts";
import type { Liveness } from "./liveness.ts";
import { type AnyWire, CONSTANT, LIVE, type MixWire, pixelCount, type Wiring } from "./wiring.ts";

/** Numbers of one example, [C · pixels]. Undefined stands for zeros. */
type Pixels = Float64Array | undefined;

export interface Constants {
  /** The constant channels of a value; its other channels are zero. */
  of(value: string): Pixels;
  /** What a filter adds to its live channels: bias and constant channels of x. Undefined where x has none but zeros: then it is the bias. */
  shift(node: Node): Pixels;
}

export function constantsOf(network: Network, wiring: Wiring, liveness: Liveness): Constants {
  const maps = new Map<string, Pixels>();
  const shifts = new Map<string, Pixels>();
  const states = (value: string) => liveness.states.get(value) as Uint8Array;
  for (const [name, given] of wiring.given) {
    if (given.includes(CONSTANT)) maps.set(name, Float64Array.from(network.tensors[name] ?? []));
  }
  for (const wire of wiring.wires) {
    const y = states(wire.y);
    const constant = y.includes(CONSTANT);
    if (wire.kind === "mix") {
      const shift = maps.get(wire.x) && (constant || y.includes(LIVE)) ? evaluate(network, wire, maps) : undefined;
      shifts.set(wire.node.name, shift);
      if (constant) maps.set(wire.y, only(y, shift ?? biasMap(network, wire)));
    } else if (constant) {
      maps.set(wire.y, only(y, evaluate(network, wire, maps)));
    }
  }
  return { of: (value) => maps.get(value), shift: (node) => shifts.get(node.name) };
}

/** The map without its channels that are not constant. */
function only(states: Uint8Array, map: Float64Array): Float64Array {
  const pixels = map.length / states.length;
  return map.map((number, i) => (states[Math.floor(i / pixels)] === CONSTANT ? number : 0));
}

function biasMap(network: Network, wire: MixWire): Float64Array {
  const pixels = pixelCount(network.graph, wire.y);
  const bias = network.tensors[wire.node.inputs.bias ?? ""];
  return Float64Array.from({ length: wire.channels * pixels }, (_, i) => bias?.[Math.floor(i / pixels)] ?? 0);
}

/** Runs a node on one example in which every live channel is zero. */
function evaluate(network: Network, { node }: AnyWire, maps: ReadonlyMap<string, Pixels>): Float64Array {
  const def = opOf(node, ops);
  const { attrs, has, shape, list } = bindNode(network.graph, node, def, 1);
  const input = (slot: string): Float64Array => {
    const name = node.inputs[slot] as string;
    const known = maps.get(name) ?? network.tensors[name];
    return known ? Float64Array.from(known) : new Float64Array(sizeOf(shape(slot)));
  };
  const shared = def.shares.y;
  const y = shared === undefined ? new Float64Array(sizeOf(shape("y"))) : input(shared);
  reference[node.op as OpName]({ attrs, has, shape, list, input, output: () => y });
  return y;
}
