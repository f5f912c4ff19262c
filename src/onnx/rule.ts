/** What an export rule sees of its node, and what it writes with. */
import type { OnnxAttr } from "./messages.ts";

export interface OnnxIo<Attrs> {
  readonly attrs: Attrs;
  /** Shape of an input or output; a free batch counts as 1. */
  shape(slot: string): readonly number[];
  /** Filled slots of a variadic input: `x0`, `x1`, … */
  list(prefix: string): string[];
  /** The name of an input; "" where an optional one is left out, which is how ONNX says so. */
  input(slot: string): string;
  /** An input of one number per channel, shaped so that it broadcasts over y; undefined where it is left out. */
  perChannel(slot: string): string | undefined;
  /** A constant list of int64. */
  integers(values: readonly number[]): string;
  /** A constant float32 without dimensions. */
  scalar(value: number): string;
  /** Writes an ONNX node and returns the name of its output. The last one that a rule writes gives the node's output y. */
  op(type: string, inputs: readonly string[], attrs?: Readonly<Record<string, OnnxAttr>>): string;
}

// biome-ignore lint/suspicious/noExplicitAny: attributes are typed in each rule; a table holds rules of all kinds
export type OnnxRule = (io: OnnxIo<any>) => void;
