/**
 * The graph: plain JSON that inference, training, pruning, export and cost all read.
 * Shapes mean NCHW (images) or [N, features] (vectors); only the first dimension may be the free batch `"N"`.
 */

export type DType = "f32" | "i32";

/** A size, or `"N"`: the batch, known only when the graph runs. */
export type Dim = number | "N";
/** Dimensions, outermost first; the free batch dimension is `"N"`. */
export type Shape = readonly Dim[];

/**
 * Who owns a value's memory and when it changes:
 * - `input`: given by the caller at each run;
 * - `param`: learned; kept between runs, saved in the model file;
 * - `state`: not learned but kept and saved (running statistics, momentum, folded constants);
 * - `temp`: computed by a node during a run.
 */
export type Role = "input" | "param" | "state" | "temp";

/** What nodes read and write. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly role: Role;
  /** This value is a range of another value's memory, `offset` elements in: how parameters share one block. */
  readonly view?: { readonly of: string; readonly offset: number };
}

/** A constant of a node, such as a stride or whether a bias is there. Plain JSON. */
export type Attr = number | string | boolean | readonly number[];

/** One op applied to values. */
export interface Node {
  readonly op: string;
  readonly name: string;
  /** Slot → value name. Optional slots may be left out. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly attrs: Readonly<Record<string, Attr>>;
}

/** A network as data. Plain JSON: the header of a model file holds it. */
export interface Graph {
  /** Every value by name. */
  readonly values: Readonly<Record<string, Value>>;
  /** In execution order: a node stands after all that it reads. */
  readonly nodes: readonly Node[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The numbers of one value, row-major. */
export type TensorData = Float32Array | Int32Array;
/** The data of values by name. The length of each array is the product of the value's shape. */
export type Tensors = Readonly<Record<string, TensorData>>;
/** The same, or float64 where nothing has been rounded yet: in passes, and in the reference. */
export type AnyTensorData = TensorData | Float64Array;
export type AnyTensors = Readonly<Record<string, AnyTensorData>>;

/** Number of elements of a concrete shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** The shape with `"N"` replaced by `batch`. */
export function bindShape(shape: Shape, batch: number): number[] {
  return shape.map((dim) => (dim === "N" ? batch : dim));
}

/** The values of one role, in the order in which the graph lists them. */
export function valuesOf(graph: Graph, ...roles: Role[]): Value[] {
  return Object.values(graph.values).filter((value) => roles.includes(value.role));
}

/** The nodes that read each value, in order. */
export function readersOf(graph: Graph): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(Object.values(node.inputs))) {
      const list = readers.get(name);
      if (list) list.push(node);
      else readers.set(name, [node]);
    }
  }
  return readers;
}

/** The node that writes each value, where one does. */
export function producersOf(graph: Graph): Map<string, Node> {
  const producers = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of Object.values(node.outputs)) producers.set(name, node);
  return producers;
}
