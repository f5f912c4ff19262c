/** A graph on its way to ONNX: its nodes, its initializers, and names that are taken only once. */
import type { Dim, Graph, Node, Tensors } from "../graph/graph.ts";
import { bindNode } from "../graph/io.ts";
import { type OpName, ops } from "../ops/index.ts";
import { nodeMessage, type OnnxAttr, type OnnxData, type OnnxNode, tensorMessage } from "./messages.ts";
import type { Message } from "./protobuf.ts";
import type { OnnxIo } from "./rule.ts";
import { onnxRules } from "./table.ts";

/** Names with a number behind them where they are taken: `base`, `base_2`, `base_3`, … */
class Names {
  readonly #taken: Set<string>;
  readonly #next = new Map<string, number>();

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  fresh(base: string): string {
    let name = base;
    for (let i = this.#next.get(base) ?? 2; this.#taken.has(name); i++) {
      name = `${base}_${i}`;
      this.#next.set(base, i + 1);
    }
    this.#taken.add(name);
    return name;
  }
}

export class GraphWriter {
  readonly nodes: Message[] = [];
  readonly initializers: Message[] = [];
  readonly #graph: Graph;
  readonly #tensors: Tensors;
  readonly #values: Names;
  readonly #nodeNames: Names;
  /** Initializers by what they hold. */
  readonly #constants = new Map<string, string>();
  /** The dimensions under which each of the network's tensors was written. */
  readonly #written = new Map<string, string>();

  /** `graph` must be verified, and have a tensor for each parameter and state. */
  constructor(graph: Graph, tensors: Tensors) {
    this.#graph = graph;
    this.#tensors = tensors;
    this.#values = new Names(Object.keys(graph.values));
    this.#nodeNames = new Names(graph.nodes.map((node) => node.name));
    // an output keeps its shape, whatever else reads it
    for (const name of graph.outputs) if (this.#data(name)) this.#value(name);
    for (const node of graph.nodes) this.#node(node);
  }

  #data(name: string): OnnxData | undefined {
    return Object.hasOwn(this.#tensors, name) ? this.#tensors[name] : undefined;
  }

  #node(node: Node): void {
    const written: OnnxNode[] = [];
    const { attrs, shape, list } = bindNode(this.#graph, node, ops[node.op as OpName], 1);
    const input = (slot: string): string => {
      const name = node.inputs[slot];
      return name === undefined ? "" : this.#value(name);
    };
    const op = (type: string, inputs: readonly string[], attrs: Readonly<Record<string, OnnxAttr>> = {}): string => {
      const name = written.length === 0 ? node.name : this.#nodeNames.fresh(`${node.name}.${type.toLowerCase()}`);
      const output = this.#values.fresh(name);
      written.push({ type, name, inputs, output, attrs });
      return output;
    };
    const integers = (values: readonly number[]): string =>
      this.#constant(
        values.join(),
        [values.length],
        BigInt64Array.from(values, (value) => BigInt(value)),
      );
    const io: OnnxIo<unknown> = {
      attrs,
      shape,
      list,
      input,
      perChannel: (slot) => {
        const name = node.inputs[slot];
        if (name === undefined) return undefined;
        const [, channels, ...pixels] = shape("y");
        const dims = [channels as number, ...pixels.map(() => 1)];
        return this.#data(name) ? this.#value(name, dims) : op("Reshape", [name, integers(dims)]);
      },
      integers,
      scalar: (value) => this.#constant(`scalar ${value}`, [], Float32Array.of(value)),
      op,
    };
    onnxRules[node.op as OpName](io);
    written.forEach((step, i) => {
      this.nodes.push(nodeMessage(i === written.length - 1 ? { ...step, output: node.outputs.y as string } : step));
    });
  }

  /** The name of a value, as an initializer of these dimensions where its numbers are known. */
  #value(name: string, dims: readonly Dim[] = this.#graph.values[name]?.shape ?? []): string {
    const data = this.#data(name);
    if (!data) return name;
    const key = dims.join();
    const before = this.#written.get(name);
    if (before === key) return name;
    if (before !== undefined) return this.#constant(`${key} of ${name}`, dims as number[], data, name);
    this.#written.set(name, key);
    this.initializers.push(tensorMessage(name, dims as number[], data));
    return name;
  }

  #constant(key: string, dims: readonly number[], data: OnnxData, base = "constant"): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.#values.fresh(base);
    this.#constants.set(key, name);
    this.initializers.push(tensorMessage(name, dims, data));
    return name;
  }
}
