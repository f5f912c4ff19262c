/** Values, nodes and graphs in few words, and a table of broken ones. */
import { describe, expect, it } from "vitest";
import type { GraphError, ShapeError } from "../../src/errors.ts";
import type { Graph, Node, Role, Shape, Value } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { trainingOps } from "../../training/ops/index.ts";

export const value = (name: string, shape: Shape, role: Role = "temp", more: Partial<Value> = {}): Value => ({
  name,
  dtype: "f32",
  shape,
  role,
  ...more,
});

export const view = (of: string, offset: number): Partial<Value> => ({ view: { of, offset } });

export const node = (op: string, name: string, inputs: Node["inputs"], outputs: Node["outputs"], attrs: Node["attrs"] = {}): Node => ({
  op,
  name,
  inputs,
  outputs,
  attrs,
});

export function graph(values: readonly Value[], nodes: readonly Node[], outputs: readonly string[] = []): Graph {
  const inputs = values.filter(({ role }) => role === "input").map(({ name }) => name);
  return { values: Object.fromEntries(values.map((item) => [item.name, item])), nodes, inputs, outputs };
}

export const X = value("x", ["N", 3, 5, 5], "input");
export const W = value("w", [4, 3, 3, 3], "param");
export const Y = value("y", ["N", 4, 3, 3]);
export const Z = value("z", ["N", 4, 3, 3]);
export const conv = node("conv2d", "conv", { x: "x", w: "w" }, { y: "y" });
export const relu = node("relu", "act", { x: "y" }, { y: "z" });

/** A block of parameters with its gradient, moments and rates, and the step that updates it. */
export const P = value("p", [8], "param");
export const G = value("g", [8], "input");
export const V = value("v", [8], "state");
export const H = value("h", [4], "input");
export const NEXT = [value("p2", [8]), value("v2", [8])];
export const step = node("sgd", "step", { param: "p", grad: "g", velocity: "v", hyper: "h" }, { next_param: "p2", next_velocity: "v2" });
export const sumOf = (name: string, of: string): Node => node("add", name, { a: of, b: of }, { y: name });

export type Bad = readonly [name: string, graph: Graph, type: typeof GraphError | typeof ShapeError, code: string, message: RegExp];

/** One test per graph: `verify` throws that type, code and message. */
export function refuses(what: string, cases: readonly Bad[]): void {
  describe(what, () => {
    it.each(cases)("%s is refused", (_name, broken, type, code, message) => {
      const run = (): void => verify(broken, trainingOps);
      expect(run).toThrow(type);
      expect(run).toThrow(message);
      expect(run).toThrow(expect.objectContaining({ code }));
    });
  });
}
