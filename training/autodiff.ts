/** Reverse-mode differentiation of a graph: nodes in, more nodes out. The result is an ordinary graph. */
import { GraphError } from "../src/errors.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { type Attr, type Graph, type Node, producersOf, type Value } from "../src/graph/graph.ts";
import { readAttrs } from "../src/graph/io.ts";
import { opOf, verify } from "../src/graph/verify.ts";
import { gradientRule } from "./gradients/index.ts";
import type { GradientIo } from "./gradients/rule.ts";
import { trainingOps } from "./ops/index.ts";

/** What to differentiate, with respect to what, and where gradients go. */
export interface DifferentiateOptions {
  /** The value to differentiate: f32 [1], such as a cross entropy. */
  readonly loss: string;
  /** The values to differentiate with respect to: parameters, inputs, or anything in between. */
  readonly wrt: readonly string[];
  /** Value → the range of a block (declared in the graph) where its gradient shall be written. Others get memory of their own. */
  readonly gradientViews?: Readonly<Record<string, NonNullable<Value["view"]>>>;
}

/** What `differentiate` gives. */
export interface Differentiated {
  /** The graph with the nodes of the backward pass after its own; inputs and outputs are the same. */
  readonly graph: Graph;
  /** Value of `wrt` → the value that holds ∂loss/∂value, of the same shape. */
  readonly gradients: Readonly<Record<string, string>>;
}

/**
 * The graph that also computes the gradients of `loss`. Where a value is read several times its gradient is the sum over its readers.
 * Throws GraphError E_GRAPH for a value that the loss does not depend on (its gradient would be zero: leave it out), for an op without a
 * gradient on the way, and for epilogues that inference passes have fused (differentiate first).
 */
export function differentiate(graph: Graph, { loss, wrt, gradientViews = {} }: DifferentiateOptions): Differentiated {
  const lossValue = Object.hasOwn(graph.values, loss) ? graph.values[loss] : undefined;
  if (lossValue?.dtype !== "f32" || lossValue.shape.length !== 1 || lossValue.shape[0] !== 1) {
    const found = lossValue ? `has shape [${lossValue.shape.join(", ")}]` : "is no value of the graph";
    throw new GraphError(
      "E_GRAPH",
      `differentiate: loss "${loss}" ${found}; give one number of shape [1], such as the output of cross_entropy`,
    );
  }
  const builder = new GraphBuilder(trainingOps, graph);
  for (const name of wrt) builder.value(name);
  const active = dependents(graph, wrt);
  const sums = new GradientSums(builder);
  if (active.has(loss)) sums.push(loss, builder.add("fill", builder.fresh(`${loss}.dy`), {}, { size: 1, value: 1 }));

  for (const node of [...graph.nodes].reverse()) {
    const dy = gradientOfOutput(node, sums);
    const needed = Object.entries(node.inputs).filter(([, name]) => active.has(name));
    if (dy === undefined || needed.length === 0) continue;
    const gradients = gradientRule(node.op, node.name)(gradientIo(builder, node, active), dy);
    for (const [slot, name] of needed) {
      const gradient = gradients[slot];
      if (gradient === undefined)
        throw new GraphError("E_GRAPH", `${node.op} "${node.name}" has no gradient for ${slot} "${name}"; leave it out of wrt`);
      sums.push(name, gradient);
    }
  }

  const gradients: Record<string, string> = {};
  for (const name of wrt) {
    const gradient = sums.total(name);
    if (gradient === undefined)
      throw new GraphError("E_GRAPH", `differentiate: "${loss}" does not depend on "${name}"; leave it out of wrt`);
    gradients[name] = gradient;
  }
  return placeGradients(builder, gradients, gradientViews);
}

/** `wrt` and everything that is computed from it. */
function dependents(graph: Graph, wrt: readonly string[]): Set<string> {
  const active = new Set(wrt);
  for (const node of graph.nodes) {
    if (Object.values(node.inputs).some((name) => active.has(name))) for (const name of Object.values(node.outputs)) active.add(name);
  }
  return active;
}

/** Collects what each reader of a value contributes to its gradient. */
class GradientSums {
  readonly #builder: GraphBuilder;
  readonly #parts = new Map<string, string[]>();

  constructor(builder: GraphBuilder) {
    this.#builder = builder;
  }

  push(value: string, gradient: string): void {
    const parts = this.#parts.get(value);
    if (parts) parts.push(gradient);
    else this.#parts.set(value, [gradient]);
  }

  /** The whole gradient, as soon as every reader has contributed; undefined where none did. */
  total(value: string): string | undefined {
    const parts = this.#parts.get(value);
    if (!parts) return undefined;
    const sum = parts.reduce((a, b) => this.#builder.add("add", this.#builder.fresh(`${value}.dsum`), { a, b }));
    this.#parts.set(value, [sum]);
    return sum;
  }
}

/** The gradient of a node's first output. Its other outputs (statistics) are by-products that nothing may be differentiated through. */
function gradientOfOutput(node: Node, sums: GradientSums): string | undefined {
  const [first, ...others] = Object.values(node.outputs);
  for (const name of others) {
    if (sums.total(name) !== undefined)
      throw new GraphError("E_GRAPH", `${node.op} "${node.name}" cannot be differentiated through its output "${name}"`);
  }
  return first === undefined ? undefined : sums.total(first);
}

function gradientIo(builder: GraphBuilder, node: Node, active: ReadonlySet<string>): GradientIo {
  const value = (slot: string): string => {
    const name = node.inputs[slot] ?? node.outputs[slot];
    if (name === undefined) throw new GraphError("E_GRAPH", `${node.op} "${node.name}": slot "${slot}" is empty`);
    return name;
  };
  const emit: GradientIo["emit"] = (op, suffix, inputs, attrs = {}, outputs) =>
    builder.node(op, builder.fresh(`${node.name}.${suffix}`), inputs, attrs, { outputs });
  return {
    node,
    attrs: readAttrs(node, opOf(node, trainingOps)) as Readonly<Record<string, Attr>>,
    has: (slot) => Object.hasOwn(node.inputs, slot),
    value,
    shape: (slot) => builder.value(value(slot)).shape,
    needs: (slot) => active.has(node.inputs[slot] ?? ""),
    list: (prefix) =>
      Object.keys(node.inputs)
        .filter((slot) => slot.startsWith(prefix))
        .sort((a, b) => slotNumber(a, prefix) - slotNumber(b, prefix)),
    emit,
    add: (op, suffix, inputs, attrs) => Object.values(emit(op, suffix, inputs, attrs))[0] as string,
  };
}

const slotNumber = (slot: string, prefix: string): number => Number(slot.slice(prefix.length));

/**
 * Moves gradients into their blocks. A value can be declared as a view unless it shares memory with another already (a reshaped one, the dy
 * that an add hands on to both sides, a shared view): those are copied, by adding a zero that nothing ever writes.
 */
function placeGradients(
  builder: GraphBuilder,
  gradients: Record<string, string>,
  views: NonNullable<DifferentiateOptions["gradientViews"]>,
): Differentiated {
  const producers = producersOf(builder.build());
  const placed = new Map<string, Value["view"]>();
  for (const [name, view] of Object.entries(views)) {
    let gradient = gradients[name];
    if (gradient === undefined) throw new GraphError("E_GRAPH", `differentiate: gradientViews names "${name}", which is not in wrt`);
    if (placed.has(gradient) || !ownsMemory(producers.get(gradient), gradient)) {
      const zero = builder.state(builder.fresh(`${name}.zero`), builder.value(gradient).shape);
      gradient = builder.add("add", builder.fresh(`${name}.dcopy`), { a: gradient, b: zero });
      gradients[name] = gradient;
    }
    placed.set(gradient, view);
  }
  const built = builder.build();
  const values = Object.fromEntries(
    Object.entries(built.values).map(([name, value]) => [name, placed.has(name) ? { ...value, view: placed.get(name) } : value]),
  );
  const graph = { ...built, values };
  verify(graph, trainingOps);
  return { graph, gradients };
}

/** True where the value is written by a node into memory that it does not share with an input. */
function ownsMemory(node: Node | undefined, value: string): boolean {
  if (!node) return false;
  const slot = Object.keys(node.outputs).find((key) => node.outputs[key] === value) as string;
  return !(slot in opOf(node, trainingOps).shares);
}
