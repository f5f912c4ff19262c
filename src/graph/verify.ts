/**
 * Checks a graph as a whole, the door through which every graph from outside comes in: names resolve, each value is written once and before
 * it is read, attributes and shapes fit their ops, views stay inside their memory, updates in place come last.
 */
import { GraphError, ShapeError } from "../errors.ts";
import { type Graph, type Node, sizeOf, type Value, valuesOf } from "./graph.ts";
import { inferNode } from "./io.ts";
import { checkViews, Memory } from "./memory.ts";
import type { OpDef, OpTable } from "./op.ts";

/** Graphs that hold, and by which table: a model that is read and then compiled need not be gone through twice. */
const verified = new WeakMap<Graph, OpTable>();

/** Throws GraphError or ShapeError naming the node, the value and a remedy. Once it has passed, a graph must stay as it is. */
export function verify(graph: Graph, table: OpTable): void {
  if (verified.get(graph) === table) return;
  for (const [name, value] of Object.entries(graph.values)) verifyValue(graph, name, value);
  checkViews(graph);
  const memory = new Memory(graph);
  const written = new Set<string>();
  const names = new Set<string>();

  for (const node of graph.nodes) {
    if (names.has(node.name)) throw new GraphError("E_GRAPH", `two nodes are named "${node.name}"; rename one`);
    names.add(node.name);
    const def = opOf(node, table);
    checkSlots(node, def);
    for (const [slot, name] of Object.entries(node.inputs)) {
      const value = resolve(graph, node, slot, name);
      if (value.role === "temp" && !written.has(name) && !hasWrittenView(graph, name, written)) {
        throw new GraphError(
          "E_GRAPH",
          `${at(node)}: ${slot} reads "${name}" before anything has written it; order the nodes, or declare it as an input`,
        );
      }
      if (value.dtype === "i32" && !def.integers.includes(slot)) {
        throw new ShapeError("E_SHAPE", `${at(node)}: ${slot} "${name}" is i32, the op computes with f32; declare "${name}" as f32`);
      }
      memory.read(node, slot, name);
    }
    const types = inferNode(graph, node, def);
    for (const [slot, name] of Object.entries(node.outputs)) {
      const value = resolve(graph, node, slot, name);
      if (value.role !== "temp")
        throw new GraphError("E_GRAPH", `${at(node)}: ${slot} writes "${name}", which is ${value.role}; only temp values are written`);
      if (written.has(name)) throw new GraphError("E_GRAPH", `${at(node)}: "${name}" is written twice; give each output a name of its own`);
      written.add(name);
      const type = types[slot];
      if (!type) throw new GraphError("E_GRAPH", `${at(node)}: the op gives no output "${slot}"; leave it out`);
      if (type.dtype !== value.dtype || type.shape.length !== value.shape.length || type.shape.some((dim, i) => dim !== value.shape[i])) {
        throw new ShapeError(
          "E_SHAPE",
          `${at(node)}: ${slot} "${name}" is declared ${value.dtype} [${value.shape.join(", ")}], the op gives ${type.dtype} [${type.shape.join(", ")}]; declare it so`,
        );
      }
    }
    memory.share(node, def);
  }
  checkEnds(graph, written);
  verified.set(graph, table);
}

function checkEnds(graph: Graph, written: ReadonlySet<string>): void {
  checkList(graph.inputs, "input");
  checkList(graph.outputs, "output");
  for (const name of graph.inputs) {
    if (graph.values[name]?.role !== "input") throw new GraphError("E_GRAPH", `graph input "${name}" is not a value of role input`);
  }
  for (const value of valuesOf(graph, "input")) {
    if (!graph.inputs.includes(value.name))
      throw new GraphError("E_GRAPH", `value "${value.name}" has role input, but is not among the graph's inputs`);
  }
  for (const name of graph.outputs) {
    const value = Object.hasOwn(graph.values, name) ? graph.values[name] : undefined;
    if (!value) throw new GraphError("E_GRAPH", `graph output "${name}" is no value of the graph`);
    if (value.role === "temp" && !written.has(name)) throw new GraphError("E_GRAPH", `graph output "${name}" is written by no node`);
  }
}

function checkList(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new GraphError("E_GRAPH", `"${twice}" is listed twice among the graph's ${what}s`);
}

const at = (node: Node): string => `${node.op} "${node.name}"`;

export function opOf(node: Node, table: OpTable): OpDef {
  const def = Object.hasOwn(table, node.op) ? table[node.op] : undefined;
  if (!def) {
    throw new GraphError("E_UNKNOWN_OP", `${at(node)}: this build knows no op "${node.op}"; it knows ${Object.keys(table).join(", ")}`);
  }
  return def;
}

function verifyValue(graph: Graph, name: string, value: Value): void {
  if (value.name !== name) throw new GraphError("E_GRAPH", `value "${name}" calls itself "${value.name}"`);
  value.shape.forEach((dim, i) => {
    const free = dim === "N";
    if (free ? i > 0 || value.role === "param" || value.role === "state" : !Number.isInteger(dim) || dim < 1) {
      throw new ShapeError(
        "E_SHAPE",
        `value "${name}" has shape [${value.shape.join(", ")}]; sizes are integers of 1 or more, and only the first may be the batch "N"`,
      );
    }
  });
  if (!value.view) return;
  const { of, offset } = value.view;
  const block = Object.hasOwn(graph.values, of) ? graph.values[of] : undefined;
  if (!block || block.view || block.shape.length !== 1 || block.dtype !== value.dtype || typeof block.shape[0] !== "number") {
    throw new GraphError("E_GRAPH", `value "${name}" is a view of "${of}", which is no one-dimensional block of ${value.dtype}`);
  }
  const end = offset + sizeOf(value.shape as number[]);
  if (!Number.isInteger(offset) || offset < 0 || !(end <= block.shape[0])) {
    throw new GraphError("E_GRAPH", `value "${name}" spans elements ${offset} to ${end} of "${block.name}", which has ${block.shape[0]}`);
  }
}

/** A block counts as written once any of its views is: gradients are written one by one and read together. */
function hasWrittenView(graph: Graph, block: string, written: ReadonlySet<string>): boolean {
  for (const name of written) if (graph.values[name]?.view?.of === block) return true;
  return false;
}

function resolve(graph: Graph, node: Node, slot: string, name: string): Value {
  const value = Object.hasOwn(graph.values, name) ? graph.values[name] : undefined;
  if (!value) throw new GraphError("E_GRAPH", `${at(node)}: ${slot} is "${name}", which is no value of the graph`);
  return value;
}

function checkSlots(node: Node, def: OpDef): void {
  for (const slot of Object.keys(node.inputs)) {
    if (Object.hasOwn(def.inputs, slot)) continue;
    const prefix = /^(.*?)(0|[1-9]\d*)$/.exec(slot)?.[1];
    if (prefix === undefined || def.inputs[prefix] !== "variadic") {
      throw new GraphError("E_GRAPH", `${at(node)}: no input slot "${slot}"; ${def.name} has ${Object.keys(def.inputs).join(", ")}`);
    }
  }
  for (const [slot, kind] of Object.entries(def.inputs)) {
    const name = kind === "variadic" ? `${slot}0` : slot;
    if (kind !== "optional" && !Object.hasOwn(node.inputs, name))
      throw new GraphError("E_GRAPH", `${at(node)}: input slot "${name}" is empty`);
  }
  for (const slot of Object.keys(node.outputs)) {
    if (!Object.hasOwn(def.outputs, slot))
      throw new GraphError("E_GRAPH", `${at(node)}: no output slot "${slot}"; ${def.name} has ${Object.keys(def.outputs).join(", ")}`);
  }
  for (const [slot, kind] of Object.entries(def.outputs)) {
    if (kind === "required" && !Object.hasOwn(node.outputs, slot))
      throw new GraphError("E_GRAPH", `${at(node)}: output slot "${slot}" is empty`);
  }
}
