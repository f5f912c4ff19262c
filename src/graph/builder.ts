/** Builds a graph node by node, inferring shapes as it goes. */
import { GraphError } from "../errors.ts";
import type { Attr, DType, Graph, Node, Role, Shape, Value } from "./graph.ts";
import { inferNode } from "./io.ts";
import type { OpTable } from "./op.ts";
import { opOf, verify } from "./verify.ts";

/** Puts a graph together node by node: infers and checks each shape at once, and names what has no name. */
export class GraphBuilder {
  readonly #table: OpTable;
  readonly #values: Record<string, Value> = {};
  readonly #nodes: Node[] = [];
  readonly #inputs: string[] = [];
  readonly #outputs: string[] = [];

  /** `from`: a graph to go on from; it is copied. */
  constructor(table: OpTable, from?: Graph) {
    this.#table = table;
    if (!from) return;
    Object.assign(this.#values, from.values);
    this.#nodes.push(...from.nodes);
    this.#inputs.push(...from.inputs);
    this.#outputs.push(...from.outputs);
  }

  value(name: string): Value {
    const value = this.#values[name];
    if (!value) throw new GraphError("E_GRAPH", `no value "${name}"; add it before it is used`);
    return value;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#values, name);
  }

  /** A name that is not taken yet: `base`, `base_2`, `base_3`, … */
  fresh(base: string): string {
    const taken = (name: string) => this.has(name) || this.#nodes.some((node) => node.name === name);
    let name = base;
    for (let i = 2; taken(name); i++) name = `${base}_${i}`;
    return name;
  }

  #declare(name: string, shape: Shape, role: Role, dtype: DType, view?: Value["view"]): string {
    if (this.has(name)) throw new GraphError("E_GRAPH", `value "${name}" exists already; choose another name`);
    this.#values[name] = view ? { name, dtype, shape, role, view } : { name, dtype, shape, role };
    return name;
  }

  /** A value that the caller gives at each run. */
  input(name: string, shape: Shape, dtype: DType = "f32"): string {
    this.#inputs.push(name);
    return this.#declare(name, shape, "input", dtype);
  }

  /** A learned tensor. */
  param(name: string, shape: Shape, view?: Value["view"]): string {
    return this.#declare(name, shape, "param", "f32", view);
  }

  /** A tensor that is kept but not learned. */
  state(name: string, shape: Shape, dtype: DType = "f32", view?: Value["view"]): string {
    return this.#declare(name, shape, "state", dtype, view);
  }

  /** Memory that nodes write into through views: the block that gradients share. */
  block(name: string, size: number): string {
    return this.#declare(name, [size], "temp", "f32");
  }

  /**
   * Appends a node and declares its outputs; returns output slot → value name. A single output takes the node's name, several `name.slot`.
   * `outputs`: the slots to fill, all required ones unless given. `views`: outputs that are written into a block.
   */
  node(
    op: string,
    name: string,
    inputs: Readonly<Record<string, string | undefined>>,
    attrs: Readonly<Record<string, Attr>> = {},
    options: { outputs?: readonly string[]; views?: Readonly<Record<string, Value["view"]>> } = {},
  ): Record<string, string> {
    const filled = Object.fromEntries(Object.entries(inputs).filter((entry): entry is [string, string] => entry[1] !== undefined));
    for (const value of Object.values(filled)) this.value(value);
    const node: Node = { op, name, inputs: filled, outputs: {}, attrs };
    const def = opOf(node, this.#table);
    const slots = options.outputs ?? Object.keys(def.outputs).filter((slot) => def.outputs[slot] === "required");
    const types = inferNode({ values: this.#values }, node, def);
    const outputs: Record<string, string> = {};
    for (const slot of slots) {
      const type = types[slot];
      if (!type) throw new GraphError("E_GRAPH", `${op} "${name}" gives no output "${slot}"`);
      outputs[slot] = this.#declare(slots.length === 1 ? name : `${name}.${slot}`, type.shape, "temp", type.dtype, options.views?.[slot]);
    }
    this.#nodes.push({ ...node, outputs });
    return outputs;
  }

  /** Appends a node with one output and returns that value's name. */
  add(op: string, name: string, inputs: Readonly<Record<string, string | undefined>>, attrs: Readonly<Record<string, Attr>> = {}): string {
    return Object.values(this.node(op, name, inputs, attrs))[0] as string;
  }

  output(...names: string[]): void {
    for (const name of names) this.value(name);
    this.#outputs.push(...names);
  }

  /** The graph so far, verified. */
  build(): Graph {
    const graph: Graph = { values: { ...this.#values }, nodes: [...this.#nodes], inputs: [...this.#inputs], outputs: [...this.#outputs] };
    verify(graph, this.#table);
    return graph;
  }
}
