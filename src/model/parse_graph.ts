/**
 * A graph from a file: JSON that anyone may have written. Types, names and sizes are checked before anything looks at it as a graph,
 * then `verify` finds out whether it holds together.
 */
import { ModelError } from "../errors.ts";
import type { Attr, Dim, DType, Graph, Node, Role, Shape, Value } from "../graph/graph.ts";
import type { OpDef, OpTable } from "../graph/op.ts";
import { opOf, verify } from "../graph/verify.ts";
import { entries, list, oneOf, quote, record, show, text } from "./json.ts";

/** What a file may claim. Far above any network that runs on a phone, far below what could stall or exhaust the reader. */
const LIMITS = {
  values: 16_384,
  nodes: 8_192,
  /** Inputs, and outputs, of the graph. */
  ends: 256,
  /** Slots or attributes of one node. */
  slots: 256,
  rank: 8,
  /** Elements of one value, per example. */
  elements: 2 ** 27,
  /** Elements of all values, per example. */
  total: 2 ** 30,
  /** Numbers in a list attribute: the channels that a gather names. */
  list: 65_536,
  /** Channels that all ops with tables move: pads and slices claim them in a few bytes, and each costs a table entry. */
  moved: 2 ** 20,
} as const;

/** A verified graph. Throws ModelError E_FORMAT or E_TOO_LARGE, naming the value or node, and what `verify` throws. */
export function readGraph(json: unknown, table: OpTable): Graph {
  const graph = parseGraph(json);
  verify(graph, table);
  const moved = graph.nodes
    .filter((node) => movesChannels(node, opOf(node, table)))
    .flatMap((node) => Object.values(node.outputs))
    .reduce((sum, name) => sum + ((graph.values[name]?.shape[1] ?? 0) as number), 0);
  if (moved > LIMITS.moved)
    throw new ModelError("E_TOO_LARGE", `the graph moves ${moved} channels about; at most ${LIMITS.moved} are read`);
  return graph;
}

/** True if the node's kernel is given a table. One that bears an attribute's name is empty where that list is. */
function movesChannels({ attrs }: Node, def: OpDef): boolean {
  return def.kernel.tables.some((name) => !Object.hasOwn(def.attrs, name) || (attrs[name] as readonly number[] | undefined)?.length);
}

function parseGraph(json: unknown): Graph {
  const graph = record(json, "the graph", ["values", "nodes", "inputs", "outputs"]);
  const values = entries(graph.values, "values", LIMITS.values).map(([name, value]) => parseValue(name, value));
  const total = values.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  if (total > LIMITS.total)
    throw new ModelError("E_TOO_LARGE", `the graph's values hold ${total} elements per example; at most ${LIMITS.total} are read`);
  return {
    values: Object.fromEntries(values.map((value) => [value.name, value])),
    nodes: list(graph.nodes, "nodes", LIMITS.nodes).map(parseNode),
    inputs: list(graph.inputs, "inputs", LIMITS.ends).map((name) => text(name, "an input's name")),
    outputs: list(graph.outputs, "outputs", LIMITS.ends).map((name) => text(name, "an output's name")),
  };
}

function parseValue(name: string, json: unknown): Value {
  const what = `value ${quote(text(name, "a value's name"))}`;
  const { dtype, shape, role, ...rest } = record(json, what, ["name", "dtype", "shape", "role"]);
  if (rest.name !== name) throw new ModelError("E_FORMAT", `${what} calls itself ${show(rest.name)}`);
  const dims = list(shape, `${what}: shape`, LIMITS.rank) as Dim[];
  if (!dims.every((dim) => dim === "N" || (Number.isSafeInteger(dim) && dim > 0))) {
    throw new ModelError("E_FORMAT", `${what}: shape ${show(shape)} is no list of sizes of 1 or more, or "N" for the batch`);
  }
  const elements = elementsOf(dims);
  if (elements > LIMITS.elements)
    throw new ModelError(
      "E_TOO_LARGE",
      `${what} [${dims.join(", ")}] has ${elements} elements per example; at most ${LIMITS.elements} are read`,
    );
  return {
    name,
    dtype: oneOf<DType>(dtype, ["f32", "i32"], `${what}: dtype`),
    shape: dims,
    role: oneOf<Role>(role, ["input", "param", "state", "temp"], `${what}: role`),
  };
}

function parseNode(json: unknown, i: number): Node {
  const { op, name, inputs, outputs, attrs } = record(json, `node ${i}`, ["op", "name", "inputs", "outputs", "attrs"]);
  const what = `node ${quote(text(name, `node ${i}: name`))}`;
  const slots = (json: unknown, which: string) =>
    Object.fromEntries(
      entries(json, `${what}: ${which}`, LIMITS.slots).map(([slot, value]) => [slot, text(value, `${what}: ${quote(slot)}`)]),
    );
  return {
    op: text(op, `${what}: op`),
    name: name as string,
    inputs: slots(inputs, "inputs"),
    outputs: slots(outputs, "outputs"),
    attrs: Object.fromEntries(
      entries(attrs, `${what}: attrs`, LIMITS.slots).map(([key, value]) => [key, parseAttr(value, `${what}: attribute ${quote(key)}`)]),
    ),
  };
}

function parseAttr(json: unknown, what: string): Attr {
  if (typeof json === "boolean" || isFiniteNumber(json)) return json;
  if (typeof json === "string") return text(json, what);
  if (list(json, what, LIMITS.list).every(isFiniteNumber)) return json as number[];
  throw new ModelError("E_FORMAT", `${what} is no number, string, boolean or list of numbers`);
}

const isFiniteNumber = (json: unknown): json is number => Number.isFinite(json);
const elementsOf = (shape: Shape): number => shape.reduce<number>((product, dim) => (dim === "N" ? product : product * dim), 1);
