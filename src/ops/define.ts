/** Makes an op's definition out of what is particular to it. */
import type { Dim, Shape } from "../graph/graph.ts";
import type { AttrSpecs, AttrsOf, BoundIo, InferIo, InputKind, KernelLayout, OpDef, OutputKind, Step, TypeInfo } from "../graph/op.ts";
import type { Tie } from "../graph/ties.ts";

interface OpSpec<Name extends string, A extends AttrSpecs, P extends Readonly<Record<string, "i32" | "f32">>> {
  name: Name;
  inputs: Readonly<Record<string, InputKind>>;
  outputs?: Readonly<Record<string, OutputKind>>;
  attrs?: A;
  integers?: readonly string[];
  infer(io: InferIo<AttrsOf<A>>): Readonly<Record<string, TypeInfo>>;
  macs?(io: BoundIo<AttrsOf<A>>): number;
  /** Numbers that the kernel needs: layout… */
  params?: P;
  /** …and values. `f32` slots take any number, `i32` slots integers. */
  fill?(io: BoundIo<AttrsOf<A>>): { readonly [K in keyof P]: number };
  /** Index tables that the kernel reads (i32), by name. */
  tables?: { readonly [name: string]: (io: BoundIo<AttrsOf<A>>) => readonly number[] };
  /** Where several ops share one kernel, or one node takes several calls. */
  kernel?: KernelLayout;
  steps?(io: BoundIo<AttrsOf<A>>): readonly Step[];
  channels?(io: BoundIo<AttrsOf<A>>): readonly Tie[];
  shares?: Readonly<Record<string, string>>;
  updates?: boolean;
}

/** Defines an op. The kernel's layout follows from the slots unless it is given; so does the single step that calls it. */
export function defineOp<
  const Name extends string,
  const A extends AttrSpecs = Record<never, never>,
  const P extends Readonly<Record<string, "i32" | "f32">> = Record<never, never>,
>(spec: OpSpec<Name, A, P>): OpDef<Name> {
  const inputs = spec.inputs;
  const outputs = spec.outputs ?? { y: "required" };
  const tables = spec.tables ?? {};
  const shares = spec.shares ?? {};
  const kernel = spec.kernel ?? {
    name: spec.name,
    // an output that shares memory is the same pointer as its input
    tensors: [...Object.keys(inputs), ...Object.keys(outputs).filter((slot) => !(slot in shares))],
    tables: Object.keys(tables),
    slots: spec.params ?? {},
  };
  const single = (io: BoundIo<AttrsOf<A>>): readonly Step[] => [
    {
      tensors: Object.fromEntries(kernel.tensors.map((slot) => [slot, io.node.inputs[slot] ?? io.node.outputs[slot]])),
      tables: Object.fromEntries(Object.entries(tables).map(([name, make]) => [name, make(io)])),
      slots: spec.fill?.(io) ?? {},
    },
  ];
  return {
    name: spec.name,
    inputs,
    outputs,
    attrs: spec.attrs ?? {},
    integers: spec.integers ?? [],
    infer: spec.infer,
    macs: spec.macs ?? (() => 0),
    kernel,
    steps: spec.steps ?? single,
    channels: spec.channels ?? (() => []),
    shares,
    updates: spec.updates ?? false,
  };
}

/** Same size, where `"N"` equals only `"N"`. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** A dim that must be known before the graph runs. */
export function fixed(io: InferIo<unknown>, slot: string, dim: Dim | undefined): number {
  if (typeof dim === "number") return dim;
  throw io.fail("E_SHAPE", `${slot} has a free size where a fixed one is needed; only the first dimension may be the batch`);
}
