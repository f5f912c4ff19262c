/** An exported file, read by a decoder that was generated from ONNX's own definition of the format; and what ONNX demands of any graph. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "vitest";
import type { onnx } from "../../node_modules/onnxruntime-web/lib/onnxjs/ort-schema/protobuf/onnx.js";
import { root } from "../../tools/entries.ts";

const path = join(root, "node_modules/onnxruntime-web/lib/onnxjs/ort-schema/protobuf/onnx.js");
const { onnx: decoder } = createRequire(import.meta.url)(path) as { onnx: typeof onnx };

export type Decoded = onnx.ModelProto;
export type DecodedTensor = onnx.ITensorProto;

/** Decodes the file and checks that no byte of it is unknown to the decoder. */
export function decode(file: Uint8Array): Decoded {
  const model = decoder.ModelProto.decode(file);
  expect(decoder.ModelProto.verify(model)).toBe(null);
  return model;
}

const BYTES: Readonly<Record<number, number>> = {
  [decoder.TensorProto.DataType.FLOAT]: 4,
  [decoder.TensorProto.DataType.INT32]: 4,
  [decoder.TensorProto.DataType.INT64]: 8,
};

/** Every name is given once and before it is read; tensors hold what their dimensions say; nothing lies in the file that nobody reads. */
export function checkGraph({ graph }: Decoded): void {
  const { node = [], initializer = [], input = [], output = [], valueInfo = [] } = graph as onnx.IGraphProto;
  const known = new Set<string>();
  const define = (name: string | null | undefined): void => {
    expect(name).toBeTruthy();
    expect(known, "a name given twice").not.toContain(name);
    known.add(name as string);
  };
  const read = new Set(output?.map(({ name }) => name));
  for (const { name } of input ?? []) define(name);
  for (const tensor of initializer ?? []) {
    define(tensor.name);
    const count = (tensor.dims ?? []).reduce<number>((product, dim) => product * Number(dim), 1);
    expect(tensor.rawData?.length, `bytes of ${tensor.name}`).toBe(count * (BYTES[tensor.dataType as number] as number));
  }
  for (const { name, input, output } of node ?? []) {
    for (const value of input ?? []) {
      if (value === "") continue;
      expect(known, `what ${name} reads`).toContain(value);
      read.add(value);
    }
    expect(input?.at(-1), `last input of ${name}`).not.toBe("");
    for (const value of output ?? []) define(value);
  }
  for (const { name } of [...(output ?? []), ...(valueInfo ?? [])]) expect(known).toContain(name);
  const names = (node ?? []).map(({ name }) => name);
  expect(new Set(names).size, "different names of nodes").toBe(names.length);
  expect((initializer ?? []).filter(({ name }) => !read.has(name))).toEqual([]);
}

/** `[N, 3, 32, 32]` of a ValueInfoProto. */
export function dimsOf(value: onnx.IValueInfoProto | undefined): (string | number)[] {
  return (value?.type?.tensorType?.shape?.dim ?? []).map(({ dimParam, dimValue }) => dimParam || Number(dimValue));
}
