/** An exported file, read by a decoder that was generated from ONNX's own definition of the format; and what ONNX demands of any graph. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "vitest";
import type { onnx } from "../../node_modules/onnxruntime-web/lib/onnxjs/ort-schema/protobuf/onnx.js";
import { root } from "../../tools/entries.ts";

// not among the package's exports
const path = join(root, "node_modules/onnxruntime-web/lib/onnxjs/ort-schema/protobuf/onnx.js");
const { onnx: decoder } = createRequire(import.meta.url)(path) as { onnx: typeof onnx };
const { FLOAT, INT32, INT64 } = decoder.TensorProto.DataType;
const BYTES: Readonly<Record<number, number>> = { [FLOAT]: 4, [INT32]: 4, [INT64]: 8 };

/** The parts that an exported file has, none of them null. */
export interface DecodedGraph {
  readonly node: readonly onnx.NodeProto[];
  readonly initializer: readonly onnx.TensorProto[];
  readonly input: readonly onnx.ValueInfoProto[];
  readonly output: readonly onnx.ValueInfoProto[];
  readonly valueInfo: readonly onnx.ValueInfoProto[];
}

export type Decoded = Omit<onnx.ModelProto, "graph"> & { readonly graph: DecodedGraph };

export function decode(file: Uint8Array): Decoded {
  const model = decoder.ModelProto.decode(file);
  expect(decoder.ModelProto.verify(model)).toBe(null);
  return model as unknown as Decoded;
}

/** What is wrong with a graph; nothing should be. Names are given once and before they are read, by someone who is read; tensors are whole. */
export function faultsOf({ node, initializer, input, output, valueInfo }: DecodedGraph): string[] {
  const faults: string[] = [];
  const known = new Set<string>();
  const read = new Set(output.map(({ name }) => name));
  const define = (name: string): void => {
    if (name === "") faults.push("a value without a name");
    if (known.has(name)) faults.push(`${name} is given twice`);
    known.add(name);
  };
  for (const { name } of input) define(name);
  for (const { name, dims, dataType, rawData } of initializer) {
    define(name);
    const count = dims.reduce<number>((product, dim) => product * Number(dim), 1);
    if (rawData.length !== count * (BYTES[dataType] as number)) faults.push(`${name} has ${rawData.length} bytes for [${dims}]`);
  }
  for (const { name, input, output } of node) {
    for (const value of input) {
      if (value !== "" && !known.has(value)) faults.push(`${name} reads ${value} before it is there`);
      read.add(value);
    }
    if (input.at(-1) === "") faults.push(`${name} ends with an input left out`);
    for (const value of output) define(value);
  }
  const names = node.map(({ name }) => name);
  faults.push(...names.filter((name, i) => names.indexOf(name) !== i).map((name) => `two nodes are named ${name}`));
  faults.push(...[...output, ...valueInfo].filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is given by nobody`));
  faults.push(...initializer.filter(({ name }) => !read.has(name)).map(({ name }) => `${name} is read by nobody`));
  return faults;
}

/** `["N", 3, 32, 32]` */
export function dimsOf({ type }: onnx.IValueInfoProto): (string | number)[] {
  return (type?.tensorType?.shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Number(dimValue));
}
