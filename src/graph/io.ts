/** What an op's definition sees of a node: attributes read by their specs, types of its slots, and at run time concrete shapes. */
import { type ErrorCode, GraphError, ShapeError } from "../errors.ts";
import { bindShape, type Graph, type Node, type Shape } from "./graph.ts";
import type { BoundIo, InferIo, OpDef, TypeInfo } from "./op.ts";

const at = (node: Node): string => `${node.op} "${node.name}"`;

/** The node's attributes, defaults filled in. Throws GraphError E_ATTR for unknown, missing or impossible ones. */
export function readAttrs(node: Node, def: OpDef): Readonly<Record<string, unknown>> {
  for (const name of Object.keys(node.attrs)) {
    if (!Object.hasOwn(def.attrs, name)) {
      throw new GraphError("E_ATTR", `${at(node)}: no attribute "${name}"; ${def.name} has ${Object.keys(def.attrs).join(", ") || "none"}`);
    }
  }
  return Object.fromEntries(
    Object.entries(def.attrs).map(([name, spec]) => {
      const given = Object.hasOwn(node.attrs, name) ? node.attrs[name] : spec.default;
      const value = given === undefined ? undefined : spec.read(given);
      if (value === undefined) {
        throw new GraphError(
          "E_ATTR",
          `${at(node)}: attribute "${name}" is ${JSON.stringify(given) ?? "missing"}; expected ${spec.expects}`,
        );
      }
      return [name, value];
    }),
  );
}

function variadic(node: Node, prefix: string): string[] {
  const slots: string[] = [];
  while (Object.hasOwn(node.inputs, `${prefix}${slots.length}`)) slots.push(`${prefix}${slots.length}`);
  return slots;
}

/** Types of the node's outputs, from the types of its inputs. */
export function inferNode(graph: Pick<Graph, "values">, node: Node, def: OpDef): Readonly<Record<string, TypeInfo>> {
  const fail = (code: ErrorCode, what: string): ShapeError => new ShapeError(code, `${at(node)}: ${what}`);
  const type = (slot: string): TypeInfo => {
    const value = graph.values[node.inputs[slot] ?? ""];
    if (!value) throw new GraphError("E_GRAPH", `${at(node)}: input slot "${slot}" is empty or names no value`);
    return value;
  };
  const io: InferIo<unknown> = {
    node,
    attrs: readAttrs(node, def),
    has: (slot) => Object.hasOwn(node.inputs, slot),
    type,
    dims(slot, rank): Shape {
      const { shape } = type(slot);
      if (shape.length !== rank)
        throw fail("E_SHAPE", `${slot} "${node.inputs[slot]}" has shape [${shape.join(", ")}]; expected ${rank} dimensions`);
      return shape;
    },
    list: (prefix) => variadic(node, prefix),
    expect(slot, shape, why) {
      if (!Object.hasOwn(node.inputs, slot)) return;
      const got = type(slot).shape;
      if (got.length !== shape.length || got.some((dim, i) => dim !== shape[i])) {
        throw fail("E_SHAPE", `${slot} "${node.inputs[slot]}" has shape [${got.join(", ")}], expected [${shape.join(", ")}]: ${why}`);
      }
    },
    fail,
  };
  return def.infer(io);
}

/** The node with every size known. `graph` must be verified. */
export function bindNode(graph: Pick<Graph, "values">, node: Node, def: OpDef, batch: number): BoundIo<unknown> {
  return {
    node,
    attrs: readAttrs(node, def),
    has: (slot) => Object.hasOwn(node.inputs, slot) || Object.hasOwn(node.outputs, slot),
    shape(slot) {
      const value = graph.values[node.inputs[slot] ?? node.outputs[slot] ?? ""];
      if (!value) throw new GraphError("E_GRAPH", `${at(node)}: slot "${slot}" is empty or names no value`);
      return bindShape(value.shape, batch);
    },
    list: (prefix) => variadic(node, prefix),
  };
}
