/** What a gradient rule is: a function from (node, dy) to nodes, appended to the graph that is being differentiated. */
import { GraphError } from "../../src/errors.ts";
import type { Attr, Node, Shape } from "../../src/graph/graph.ts";

/** What a rule sees of the node and of the graph that it appends to. */
export interface GradientIo {
  readonly node: Node;
  /** The node's attributes with defaults filled in. */
  readonly attrs: Readonly<Record<string, Attr>>;
  has(slot: string): boolean;
  /** Name of the value in an input or output slot. */
  value(slot: string): string;
  shape(slot: string): Shape;
  /** True where the gradient of this input is wanted: the rule need not make the others. */
  needs(slot: string): boolean;
  /** The filled slots of a variadic input, in order. */
  list(prefix: string): string[];
  /** Appends a node called `<node>.<suffix>` and returns output slot → value. `outputs`: the slots to fill, all required ones unless given. */
  emit(
    op: string,
    suffix: string,
    inputs: Readonly<Record<string, string>>,
    attrs?: Readonly<Record<string, Attr>>,
    outputs?: readonly string[],
  ): Readonly<Record<string, string>>;
  /** The same for a node with one output: returns that value. */
  add(op: string, suffix: string, inputs: Readonly<Record<string, string>>, attrs?: Readonly<Record<string, Attr>>): string;
}

/** Gradients of the node's inputs by slot, given `dy`, the gradient of its first output. Slots left out have none. */
export type GradientRule = (io: GradientIo, dy: string) => Readonly<Record<string, string>>;

/** An op through which nothing is differentiated, and why. */
export interface Undifferentiable {
  readonly undifferentiable: string;
}

export const undifferentiable = (why: string): Undifferentiable => ({ undifferentiable: why });

/** The attributes in `names`, to hand on to the gradient's node. */
export function pickAttrs(io: GradientIo, ...names: string[]): Record<string, Attr> {
  return Object.fromEntries(names.map((name) => [name, io.attrs[name] as Attr]));
}

/** Height and width of a [N, C, H, W] slot. */
export function imageSize(io: GradientIo, slot: string): number[] {
  return io.shape(slot).slice(2) as number[];
}

/** Throws where passes for inference have fused an activation, a slope or a residual into the node. */
export function refuseEpilogue(io: GradientIo): void {
  const lists = ["gather", "scatter"].find((name) => (io.attrs[name] as readonly number[] | undefined)?.length);
  const slots = ["slope", "residual"].find((slot) => io.has(slot));
  const fused = io.attrs.activation !== "none" ? `activation ${io.attrs.activation}` : (slots ?? lists);
  if (!fused) return;
  throw new GraphError(
    "E_GRAPH",
    `${io.node.op} "${io.node.name}" has a fused ${fused}: differentiate the graph before fusing it, not after`,
  );
}
