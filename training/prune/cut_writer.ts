/** Where a cut network is written: which channels of each value are stored, and how readers get the ones they want. */
import { GraphError } from "../../src/errors.ts";
import { type AnyTensorData, type Graph, type Shape, sizeOf } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import type { Network } from "../../src/passes/network.ts";
import { Rewriter } from "../../src/passes/rewriter.ts";
import type { Constants } from "./constants.ts";
import { ABSENT } from "./filters.ts";
import { channelCount, pixelCount } from "./wiring.ts";

/** A value of the cut network: its name there, and the original channels that it holds. ABSENT marks one that nobody reads. */
export interface Stored {
  readonly name: string;
  readonly channels: readonly number[];
}

/** What the node that a caller writes is to be called, and its output. */
export interface Target {
  readonly node: string;
  readonly value: string;
}

export const channelRange = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const sameList = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((item, i) => item === b[i]);

export class CutWriter {
  readonly rewriter = new Rewriter(ops);
  readonly graph: Graph;
  readonly constants: Constants;
  readonly #network: Network;
  readonly #stored = new Map<string, Stored>();
  readonly #reads = new Map<string, string>();
  readonly #slices = new Map<string, string>();
  #zeros: string | undefined;

  constructor(network: Network, constants: Constants) {
    this.graph = network.graph;
    this.constants = constants;
    this.#network = network;
    this.rewriter.reserve([...Object.keys(this.graph.values), ...this.graph.nodes.map((node) => node.name)]);
    for (const name of this.graph.inputs) {
      const { shape, dtype } = this.graph.values[name] as { shape: Shape; dtype: "f32" | "i32" };
      this.store(name, { name: this.rewriter.input(name, shape, dtype), channels: channelRange(channelCount(this.graph, name)) });
    }
  }

  /** Notes which channels of an original value the cut network holds, and where. */
  store(value: string, stored: Stored): void {
    this.#stored.set(value, stored);
  }

  stored(value: string): Stored | undefined {
    return this.#stored.get(value);
  }

  /** The name for a value that will hold these channels: its own, unless it is an output of the graph and these are not all. */
  nameFor(value: string, channels: readonly number[]): string {
    const whole = sameList(channels, channelRange(channelCount(this.graph, value)));
    return whole || !this.graph.outputs.includes(value) ? value : this.rewriter.fresh(`${value}.live`);
  }

  /** The original tensor of a parameter or state. */
  tensor(name: string): AnyTensorData | undefined {
    return this.#network.tensors[name];
  }

  /** True for a map that is not all zeros on these channels of a value. */
  isNonZero(value: string, channels: readonly number[]): boolean {
    const map = this.constants.of(value);
    const pixels = pixelCount(this.graph, value);
    return (
      map !== undefined && channels.some((c) => c !== ABSENT && map.subarray(c * pixels, (c + 1) * pixels).some((number) => number !== 0))
    );
  }

  /**
   * A value of the cut network that holds exactly these channels of an original value, in this order: the stored one where it does, else a
   * gather, and with constant channels among them a scatter into their maps. ABSENT ones are zero or anything.
   * `target` names the last node, if one is needed.
   */
  read(value: string, wanted: readonly number[], target?: Target): string {
    const stored = this.#stored.get(value);
    if (stored && wanted.length === stored.channels.length && wanted.every((c, i) => c === ABSENT || c === stored.channels[i]))
      return stored.name;
    const key = `${value} ${wanted.join()}`;
    const known = this.#reads.get(key);
    if (known !== undefined) return known;
    const name = stored ? this.#collect(value, stored, wanted, target) : this.broadcast(value, wanted, target);
    this.#reads.set(key, name);
    return name;
  }

  #collect(value: string, stored: Stored, wanted: readonly number[], target?: Target): string {
    const places = new Map(stored.channels.map((c, i) => [c, i]));
    const to = channelRange(wanted.length).filter((i) => wanted[i] !== ABSENT && places.has(wanted[i] as number));
    const index = to.map((i) => places.get(wanted[i] as number) as number);
    if (index.length === 0) return this.broadcast(value, wanted, target);
    const all = index.length === wanted.length;
    let name = stored.name;
    if (!sameList(index, channelRange(stored.channels.length))) {
      const gather = {
        op: "gather_channels",
        name: (all && target?.node) || this.rewriter.fresh(`${value}.gather`),
        inputs: { x: name },
        attrs: { index },
      };
      name = this.rewriter.append(gather, all ? target?.value : undefined);
    }
    if (all) return name;
    const base = this.isNonZero(value, wanted) ? this.constant(value, wanted) : undefined;
    const inputs: Record<string, string> = base === undefined ? { x: name } : { x: name, base };
    return this.rewriter.append(
      {
        op: "scatter_add_channels",
        name: target?.node ?? this.rewriter.fresh(`${value}.scatter`),
        inputs,
        attrs: { index: to, channels: wanted.length },
      },
      target?.value,
    );
  }

  /** The constant channels of a value as a state [1, channels, …]; a parameter keeps its name and role. */
  constant(value: string, channels: readonly number[]): string {
    if (this.tensor(value)) return this.slice(value, [undefined, channels]);
    return this.state(`${value}.constant`, value, this.constantMap(value, channels));
  }

  /** The numbers of a value's constant channels, [channels · pixels]; zero for others. */
  constantMap(value: string, channels: readonly number[]): Float64Array {
    const pixels = pixelCount(this.graph, value);
    const map = this.constants.of(value);
    const out = new Float64Array(channels.length * pixels);
    channels.forEach((c, i) => {
      if (map && c !== ABSENT) out.set(map.subarray(c * pixels, (c + 1) * pixels), i * pixels);
    });
    return out;
  }

  /** A new state [1, channels, …] with the pixels of an original value. */
  state(base: string, like: string, map: Float64Array): string {
    const rest = (this.graph.values[like] as { shape: Shape }).shape.slice(2) as number[];
    return this.rewriter.tensor(this.rewriter.fresh(base), "state", [1, map.length / sizeOf(rest), ...rest], map);
  }

  /**
   * An original tensor with only these indices in each dimension (undefined: all; ABSENT: zeros), under its own name. Where several nodes
   * share it and want different parts, the later ones get copies.
   */
  slice(name: string, picks: readonly (readonly number[] | undefined)[]): string {
    const key = `${name} ${picks.map((pick) => pick?.join() ?? "*").join(" ")}`;
    const known = this.#slices.get(key);
    if (known !== undefined) return known;
    const { shape, role } = this.graph.values[name] as { shape: readonly number[]; role: "param" | "state" };
    const rows = shape.map((size, dim) => picks[dim] ?? channelRange(size));
    const numbers = pick(this.tensor(name) as AnyTensorData, shape, rows);
    const made = this.define(
      name,
      role,
      rows.map((row) => row.length),
      numbers,
    );
    this.#slices.set(key, made);
    return made;
  }

  /** A tensor of this name, or where the cut network has one already of the next free one. */
  define(name: string, role: "param" | "state", shape: readonly number[], numbers: AnyTensorData): string {
    return this.rewriter.tensor(this.rewriter.has(name) ? this.rewriter.fresh(name) : name, role, shape, numbers);
  }

  /** The same constants for every example: what is left of a value that no input reaches any more. */
  broadcast(value: string, channels: readonly number[], target?: Target): string {
    const map = this.constantMap(value, channels);
    const { shape } = this.graph.values[value] as { shape: Shape };
    const rest = shape.slice(2) as number[];
    if (shape[0] !== "N")
      return this.rewriter.tensor(
        target?.value ?? this.rewriter.fresh(`${value}.constant`),
        "state",
        [1, ...(shape.length > 1 ? [channels.length, ...rest] : [])],
        map,
      );
    const rows = this.#spread(value, map, shape.length === 2 ? target : undefined);
    if (shape.length === 2) return rows;
    const attrs = { shape: shape.length > 1 ? [channels.length, ...rest] : [] };
    return this.rewriter.append(
      { op: "reshape", name: target?.node ?? this.rewriter.fresh(`${value}.shape`), inputs: { x: rows }, attrs },
      target?.value,
    );
  }

  /** [N, numbers]: one zero per example, scattered into the constants. */
  #spread(value: string, map: Float64Array, target?: Target): string {
    this.#zeros ??= this.#zeroPerExample();
    const base = this.rewriter.tensor(this.rewriter.fresh(`${value}.constant`), "state", [1, map.length], map);
    return this.rewriter.append(
      {
        op: "scatter_add_channels",
        name: target?.node ?? this.rewriter.fresh(`${value}.broadcast`),
        inputs: { x: this.#zeros, base },
        attrs: { index: [0], channels: map.length },
      },
      target?.value,
    );
  }

  /** [N, 1] of zeros: only an input knows how many examples there are. */
  #zeroPerExample(): string {
    const input = this.graph.inputs.find((name) => this.graph.values[name]?.shape[0] === "N" && this.graph.values[name]?.dtype === "f32");
    if (input === undefined)
      throw new GraphError("E_GRAPH", "the network has no f32 input with a free batch, so that nothing says how many outputs to give");
    const { rewriter } = this;
    const flat = rewriter.append({ op: "flatten", name: rewriter.fresh(`${input}.flat`), inputs: { x: input } });
    const first = rewriter.append({
      op: "slice_channels",
      name: rewriter.fresh(`${input}.first`),
      inputs: { x: flat },
      attrs: { start: 0, count: 1 },
    });
    const zero = rewriter.tensor(rewriter.fresh(`${input}.zero.factor`), "state", [1, 1], new Float64Array(1));
    return rewriter.append({ op: "mul", name: rewriter.fresh(`${input}.zero`), inputs: { a: first, b: zero } });
  }
}

/** The elements of a tensor at these rows of each dimension; ABSENT rows are zeros. Float32 stays float32. */
function pick(data: AnyTensorData, shape: readonly number[], rows: readonly (readonly number[])[]): AnyTensorData {
  const sizes = rows.map((row) => row.length);
  const out = new (data.constructor as Float32ArrayConstructor)(sizeOf(sizes));
  const copy = (dim: number, from: number, to: number): void => {
    const row = rows[dim] as readonly number[];
    const [fromSize, toSize] = [sizeOf(shape.slice(dim + 1)), sizeOf(sizes.slice(dim + 1))];
    row.forEach((r, i) => {
      if (r === ABSENT) return;
      if (dim === rows.length - 1) out[to + i] = data[from + r] as number;
      else copy(dim + 1, from + r * fromSize, to + i * toSize);
    });
  };
  copy(0, 0, 0);
  return out;
}
