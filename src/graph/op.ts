/**
 * The contract of an op. Everything that shape inference, cost, memory, backends, pruning and docs know about an op is said here once;
 * a backend adds a kernel, `training/` a gradient, `reference/` the float64 oracle. `ops/define.ts` makes one.
 */
import type { ErrorCode, ShapeError } from "../errors.ts";
import type { DType, Node, Shape } from "./graph.ts";
import type { Tie } from "./ties.ts";

/** A specification turns an attribute's JSON into a value, or says that it does not fit. */
export interface AttrSpec<T> {
  /** What is expected, for error messages: "an integer of 1 or more". */
  readonly expects: string;
  readonly default?: T;
  /** The value, or undefined where it does not fit. */
  read(value: unknown): T | undefined;
}

export type AttrSpecs = Readonly<Record<string, AttrSpec<unknown>>>;
export type AttrsOf<S extends AttrSpecs> = { readonly [K in keyof S]: S[K] extends AttrSpec<infer T> ? T : never };

export interface TypeInfo {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** `variadic` slots are numbered: `x0`, `x1`, … (at least one). */
export type InputKind = "required" | "optional" | "variadic";
export type OutputKind = "required" | "optional";

/** What `infer` sees: types that may still hold the free batch. */
export interface InferIo<A> {
  readonly node: Node;
  readonly attrs: A;
  has(slot: string): boolean;
  /** Type of a given slot; throws where the slot is empty (ask `has` first for optional ones). */
  type(slot: string): TypeInfo;
  /** The dims of a slot after checking its rank. */
  dims(slot: string, rank: number): Shape;
  /** Filled variadic slots in order: `x0`, `x1`, … */
  list(prefix: string): string[];
  /** Throws unless `slot`, if given, has exactly this shape. */
  expect(slot: string, shape: Shape, why: string): void;
  fail(code: ErrorCode, what: string): ShapeError;
}

/** What cost, parameters and channel ties see: every size is a number. */
export interface BoundIo<A> {
  readonly node: Node;
  readonly attrs: A;
  has(slot: string): boolean;
  /** Concrete shape of an input or output slot. */
  shape(slot: string): readonly number[];
  list(prefix: string): string[];
}

/**
 * Memory layout of a kernel's parameter block: pointers (Wasm) or bindings (WebGPU) of `tensors`, then `tables`, then 4-byte `slots`, in this order.
 * The structs in `assembly/generated/` are made from it.
 */
export interface KernelLayout {
  readonly name: string;
  readonly tensors: readonly string[];
  readonly tables: readonly string[];
  readonly slots: Readonly<Record<string, "i32" | "f32">>;
}

/** One kernel call: which values stand behind the layout's tensors (undefined: an optional one left out), and its numbers. */
export interface Step {
  readonly tensors: Readonly<Record<string, string | undefined>>;
  readonly tables: Readonly<Record<string, readonly number[]>>;
  readonly slots: Readonly<Record<string, number>>;
}

export interface OpDef<Name extends string = string> {
  readonly name: Name;
  readonly inputs: Readonly<Record<string, InputKind>>;
  readonly outputs: Readonly<Record<string, OutputKind>>;
  readonly attrs: AttrSpecs;
  /** Input slots that may hold i32; all others are f32. */
  readonly integers: readonly string[];
  /** Shapes in, shapes out. Throws ShapeError naming node, values and a remedy. */
  // biome-ignore lint/suspicious/noExplicitAny: attributes are typed where the op is defined; the table holds ops of all kinds
  infer(io: InferIo<any>): Readonly<Record<string, TypeInfo>>;
  /** Multiply-adds at the bound shapes: convolutions and matrix products only, as the field counts them. */
  // biome-ignore lint/suspicious/noExplicitAny: see infer
  macs(io: BoundIo<any>): number;
  readonly kernel: KernelLayout;
  /** The kernel calls that compute this node; empty for ops that move no data. */
  // biome-ignore lint/suspicious/noExplicitAny: see infer
  steps(io: BoundIo<any>): readonly Step[];
  /** What must be cut together. Empty for ops whose channels are all fixed, and for the ops of training graphs, which are never cut. */
  // biome-ignore lint/suspicious/noExplicitAny: see infer
  channels(io: BoundIo<any>): readonly Tie[];
  /** Output slot → input slot whose memory it is: a view (flatten) or an update in place (sgd). */
  readonly shares: Readonly<Record<string, string>>;
  /** True if the op writes to the memory it shares. Such a node must come after every other reader of that memory. */
  readonly updates: boolean;
}

/** Ops by name: what verify, cost, plan and backends are given. A training graph brings a larger table. */
export type OpTable = Readonly<Record<string, OpDef>>;
