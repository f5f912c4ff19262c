/** Writes what is left of each node, by the kind of its wire. */
import type { AnyTensorData, Attr, Shape } from "../../src/graph/graph.ts";
import { biasName } from "../../src/passes/filters.ts";
import { type CutWriter, channelRange, type Stored } from "./cut_writer.ts";
import { ABSENT, type FilterPlan, filterPlan } from "./filters.ts";
import type { Liveness } from "./liveness.ts";
import { writeProduct, writeSum } from "./sums.ts";
import { marked } from "./survivors.ts";
import { type AnyWire, channelCount, isRoutable, type LinkedWire, type MixWire, PARAMETERS, pixelCount, type WholeWire } from "./wiring.ts";

/** Writes the node if an output needs a channel of it. */
export function rebuild(writer: CutWriter, wire: AnyWire, liveness: Liveness): void {
  const wanted = marked(liveness.needs.get(wire.y) as Uint8Array);
  if (wanted.length > 0) writer.store(wire.y, write(writer, wire, wanted, liveness));
}

function write(writer: CutWriter, wire: AnyWire, wanted: readonly number[], liveness: Liveness): Stored {
  switch (wire.kind) {
    case "mix":
      return writeFilter(writer, wire, filterPlan(wire, liveness));
    case "whole":
      return writeWhole(writer, wire);
    case "each":
      return writeEach(writer, wire, wanted);
    case "sum":
      return writeSum(writer, wire, wanted, liveness);
    case "product":
      // only mul takes an operand that is the same for the whole batch
      return wire.node.op === "mul" ? writeProduct(writer, wire, wanted, liveness) : writeEach(writer, wire, wanted);
    case "memory":
      return writeMemory(writer, wire, wanted);
  }
}

/** Appends the node under its own name; its output holds these channels. */
function keep(
  writer: CutWriter,
  wire: AnyWire,
  inputs: Readonly<Record<string, string>>,
  channels: readonly number[],
  attrs: Readonly<Record<string, Attr>> = wire.node.attrs,
): Stored {
  const { op, name } = wire.node;
  return { name: writer.rewriter.append({ op, name, inputs, attrs }, writer.nameFor(wire.y, channels)), channels };
}

/**
 * Filters lose the channels that are constant: what these contributed goes into the bias where it is the same at every pixel, and where it is
 * not (at padded borders) into a map that is added.
 */
function writeFilter(writer: CutWriter, wire: MixWire, plan: FilterPlan): Stored {
  const { node, y } = wire;
  const { rewriter } = writer;
  const { bias, map } = shiftOf(writer, wire, plan.outputs);
  const inputs: Record<string, string> = { x: writer.read(wire.x, plan.inputs), w: weightsOf(writer, wire, plan) };
  if (bias) inputs.bias = writer.define(node.inputs.bias ?? biasName(node), "param", [bias.length], bias);
  else if (node.inputs.bias !== undefined) inputs.bias = writer.slice(node.inputs.bias, [plan.outputs]);
  const attrs = wire.groups === 1 ? node.attrs : { ...node.attrs, groups: plan.groups };
  if (!map) return keep(writer, wire, inputs, plan.outputs, attrs);
  const linear = rewriter.append({ op: node.op, name: node.name, inputs, attrs }, rewriter.fresh(`${y}.linear`));
  const b = writer.state(`${node.name}.constant`, y, map);
  const sum = { op: "add", name: rewriter.fresh(`${node.name}.add`), inputs: { a: linear, b } };
  return { name: rewriter.append(sum, writer.nameFor(y, plan.outputs)), channels: plan.outputs };
}

/** The bias and the map that stand for the constant channels of x; neither where there are none, or they come to nothing. */
function shiftOf(writer: CutWriter, { node, y }: MixWire, outputs: readonly number[]): { bias?: Float64Array; map?: Float64Array } {
  const shift = writer.constants.shift(node);
  if (!shift) return {};
  const pixels = pixelCount(writer.graph, y);
  const before = writer.tensor(node.inputs.bias ?? "");
  const bias = new Float64Array(outputs.length);
  const map = new Float64Array(outputs.length * pixels);
  outputs.forEach((o, i) => {
    if (o === ABSENT) return;
    const own = shift.subarray(o * pixels, (o + 1) * pixels);
    const even = own.every((number) => number === own[0]);
    bias[i] = even ? (own[0] as number) : (before?.[o] ?? 0);
    if (!even) for (let p = 0; p < pixels; p++) map[i * pixels + p] = (own[p] as number) - (bias[i] as number);
  });
  return { bias: before || bias.some((b) => b !== 0) ? bias : undefined, map: map.some((number) => number !== 0) ? map : undefined };
}

/** The kept filters, each with the columns of its own group. */
function weightsOf(writer: CutWriter, wire: MixWire, { groups, inputs, outputs }: FilterPlan): string {
  const name = wire.node.inputs.w as string;
  if (wire.groups === 1) return writer.slice(name, [outputs, inputs]);
  const data = writer.tensor(name) as AnyTensorData;
  const taps = data.length / wire.channels / wire.perGroup;
  const [filters, columns] = [outputs.length / groups, inputs.length / groups];
  const w = new (data.constructor as Float32ArrayConstructor)(outputs.length * columns * taps);
  outputs.forEach((o, row) => {
    const group = Math.floor(row / filters);
    for (let c = 0; c < columns; c++) {
      const channel = inputs[group * columns + c] as number;
      if (o === ABSENT || channel === ABSENT) continue;
      const from = (o * wire.perGroup + (channel % wire.perGroup)) * taps;
      w.set(data.subarray(from, from + taps), (row * columns + c) * taps);
    }
  });
  const kernel = writer.graph.values[name]?.shape.slice(2) as number[];
  return writer.define(name, writer.graph.values[name]?.role as "param", [outputs.length, columns, ...kernel], w);
}

function writeEach(writer: CutWriter, wire: LinkedWire, wanted: readonly number[]): Stored {
  const inputs = Object.entries(wire.node.inputs).map(([slot, name]) => [
    slot,
    PARAMETERS.has(slot) ? writer.slice(name, [wanted]) : writer.read(name, wanted),
  ]);
  return keep(writer, wire, Object.fromEntries(inputs), wanted);
}

/** The channels of x that the wanted ones lie in (where x splits), or all that lie in them (where x merges), as other dimensions. */
function writeMemory(writer: CutWriter, wire: LinkedWire, wanted: readonly number[]): Stored {
  const { node, y, channels } = wire;
  const [{ value, from, count }] = wire.links as [LinkedWire["links"][number]];
  let read = [...new Set(wanted.flatMap((j) => channelRange(count).map((k) => (from[j] as number) + k)))];
  if (!isRoutable(writer.graph, value)) read = writer.stored(value)?.channels as number[];
  const sources = new Set(read);
  const held = channelRange(channels).filter((j) => sources.has(from[j] as number));
  const { shape } = writer.graph.values[y] as { shape: Shape };
  const attrs: Readonly<Record<string, Attr>> =
    node.op === "reshape" && shape.length > 1 ? { shape: [held.length, ...(shape.slice(2) as number[])] } : node.attrs;
  return keep(writer, wire, { x: writer.read(value, read) }, held, attrs);
}

function writeWhole(writer: CutWriter, wire: WholeWire): Stored {
  const all = channelRange(channelCount(writer.graph, wire.x));
  return keep(writer, wire, { x: writer.read(wire.x, all) }, channelRange(wire.channels));
}
