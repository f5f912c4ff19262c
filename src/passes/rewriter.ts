/** A network under the knife: who reads what, new numbers for a parameter, nodes replaced by others. `finish` gives the verified result. */
import {
  type AnyTensorData,
  type Attr,
  type DType,
  type Graph,
  type Node,
  type Role,
  type Shape,
  type Value,
  valuesOf,
} from "../graph/graph.ts";
import { inferNode } from "../graph/io.ts";
import type { OpTable } from "../graph/op.ts";
import { opOf, verify } from "../graph/verify.ts";
import type { Network } from "./network.ts";

/** A node whose wiring may be changed. */
export interface LooseNode extends Node {
  inputs: Record<string, string>;
  outputs: Record<string, string>;
  attrs: Record<string, Attr>;
}

export interface Read {
  readonly node: LooseNode;
  readonly slot: string;
}

const EMPTY: Network = { graph: { values: {}, nodes: [], inputs: [], outputs: [] }, tensors: {} };

export class Rewriter {
  readonly table: OpTable;
  /** In execution order; may be reordered and spliced. */
  readonly nodes: LooseNode[];
  readonly outputs: string[];
  readonly values: Record<string, Value>;
  readonly #inputs: string[];
  readonly #tensors: Record<string, AnyTensorData>;
  readonly #names: Set<string>;

  /** Works on a copy; without a network it starts from nothing. */
  constructor(table: OpTable, { graph, tensors }: Network = EMPTY) {
    this.table = table;
    this.nodes = graph.nodes.map((node) => ({
      ...node,
      inputs: { ...node.inputs },
      outputs: { ...node.outputs },
      attrs: { ...node.attrs },
    }));
    this.outputs = [...graph.outputs];
    this.#inputs = [...graph.inputs];
    this.values = { ...graph.values };
    this.#tensors = { ...tensors };
    this.#names = new Set([...Object.keys(graph.values), ...graph.nodes.map((node) => node.name)]);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.values, name);
  }

  shape(name: string): Shape {
    return (this.values[name] as Value).shape;
  }

  role(name: string | undefined): Role | undefined {
    return name === undefined ? undefined : this.values[name]?.role;
  }

  /** True for parameters and states: values whose numbers are known. */
  known(name: string | undefined): name is string {
    const role = this.role(name);
    return role === "param" || role === "state";
  }

  /** Keeps names for later, so that `fresh` gives none of them away. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.#names.add(name);
  }

  /** A name that neither a value nor a node bears: `base`, `base_2`, `base_3`, … */
  fresh(base: string): string {
    let name = base;
    for (let i = 2; this.#names.has(name); i++) name = `${base}_${i}`;
    return name;
  }

  producer(value: string): LooseNode | undefined {
    return this.nodes.find((node) => Object.values(node.outputs).includes(value));
  }

  /** Every slot that reads the value; a node that reads it twice stands there twice. */
  reads(value: string): Read[] {
    return this.nodes.flatMap((node) => Object.entries(node.inputs).flatMap(([slot, name]) => (name === value ? [{ node, slot }] : [])));
  }

  /** The one place where the value is read; undefined where there are several or none, or where the caller sees it as an output. */
  onlyRead(value: string): Read | undefined {
    const reads = this.reads(value);
    return reads.length === 1 && !this.outputs.includes(value) ? reads[0] : undefined;
  }

  /** The node that makes the value, if `reader` alone reads it. */
  feeder(value: string, reader: Node): LooseNode | undefined {
    return this.onlyRead(value)?.node === reader ? this.producer(value) : undefined;
  }

  /** A parameter's or state's numbers, as they stand. */
  numbers(name: string): AnyTensorData {
    return this.#tensors[name] as AnyTensorData;
  }

  /** The same, as a float64 copy to compute on. */
  exact(name: string): Float64Array {
    return Float64Array.from(this.numbers(name));
  }

  input(name: string, shape: Shape, dtype: DType): string {
    this.#inputs.push(name);
    return this.#declare({ name, dtype, shape, role: "input" });
  }

  /** A new parameter or state; the name must be free. */
  tensor(name: string, role: "param" | "state", shape: readonly number[], numbers: AnyTensorData): string {
    this.#tensors[name] = numbers;
    return this.#declare({ name, dtype: numbers instanceof Int32Array ? "i32" : "f32", shape, role });
  }

  /** Gives a slot of a node other numbers of the same shape, and a copy of its own where somebody else reads the old ones. */
  overwrite(node: LooseNode, slot: string, numbers: AnyTensorData): void {
    const name = node.inputs[slot] as string;
    const { role, shape } = this.values[name] as Value;
    if (this.onlyRead(name)) this.#tensors[name] = numbers;
    else node.inputs[slot] = this.tensor(this.fresh(name), role as "param" | "state", shape as number[], numbers);
  }

  /** Appends a node with one output, `value`. */
  append(node: Pick<Node, "op" | "name" | "inputs"> & Partial<Pick<Node, "attrs">>, value: string = node.name): string {
    const draft: Node = { attrs: {}, outputs: {}, ...node };
    const [slot, type] = Object.entries(inferNode({ values: this.values }, draft, opOf(draft, this.table)))[0] as [
      string,
      Omit<Value, "name" | "role">,
    ];
    this.nodes.push({ ...draft, inputs: { ...draft.inputs }, outputs: { [slot]: value }, attrs: { ...draft.attrs } });
    this.#names.add(node.name);
    return this.#declare({ name: value, dtype: type.dtype, shape: type.shape, role: "temp" });
  }

  remove(node: LooseNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** Declares a value that a node will write; the name must be free. */
  temp(name: string, shape: Shape): string {
    return this.#declare({ name, dtype: "f32", shape, role: "temp" });
  }

  /**
   * Takes out a node whose output equals its input `source`, or will as soon as the source is changed: then the output's name is the one to
   * keep, as it is where the output is the graph's. False, and nothing done, where a name that must stay would go.
   */
  bypass(node: LooseNode, source: string, keep: "source" | "output" = "source"): boolean {
    const target = Object.values(node.outputs)[0] as string;
    let [gone, kept] = [target, source];
    if (keep === "output" || this.outputs.includes(target)) {
      if (this.role(source) !== "temp" || this.outputs.includes(source)) return false;
      [gone, kept] = [source, target];
    }
    this.remove(node);
    for (const other of this.nodes) {
      for (const wires of [other.inputs, other.outputs]) {
        for (const [slot, name] of Object.entries(wires)) if (name === gone) wires[slot] = kept;
      }
    }
    return true;
  }

  /** The network without what no output needs, verified. The graph's inputs all stay: callers give them. */
  finish(): Network {
    const needed = new Set([...this.outputs, ...this.#inputs]);
    const nodes: LooseNode[] = [];
    for (const node of [...this.nodes].reverse()) {
      if (!Object.values(node.outputs).some((name) => needed.has(name))) continue;
      for (const name of [...Object.values(node.inputs), ...Object.values(node.outputs)]) needed.add(name);
      nodes.unshift(node);
    }
    const values = Object.fromEntries(Object.entries(this.values).filter(([name]) => needed.has(name)));
    const graph: Graph = { values, nodes, inputs: this.#inputs, outputs: this.outputs };
    verify(graph, this.table);
    return { graph, tensors: Object.fromEntries(valuesOf(graph, "param", "state").map(({ name }) => [name, this.numbers(name)])) };
  }

  #declare(value: Value): string {
    this.#names.add(value.name);
    this.values[value.name] = value;
    return value.name;
  }
}
