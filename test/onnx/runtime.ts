/** ONNX Runtime's Wasm build: another house's reader of our files, and another house's kernels. */
import { env, InferenceSession, Tensor } from "onnxruntime-web";
import { expect } from "vitest";
import { bindShape, type Graph, type TensorData, type Tensors, type Value } from "../../src/graph/graph.ts";
import type { Model } from "../../src/model/model.ts";
import { type OnnxOptions, toOnnx } from "../../src/onnx/index.ts";
import { expectWithin } from "../ops/harness.ts";
import { decode, faultsOf } from "./decoder.ts";

env.wasm.numThreads = 1;

/** Graph outputs by name: what the reference computed, and how far each element may be from it. */
export type Expected = Readonly<Record<string, { readonly want: Float64Array; readonly allowed: Float64Array }>>;

/**
 * Exports the model, checks the file, and runs it on the inputs, which hold `batch` examples, and on another batch: the first example alone, or
 * where there is only one, three times that.
 */
export async function checkModel(model: Model, inputs: Tensors, batch: number, expected: Expected, options?: OnnxOptions): Promise<void> {
  const file = toOnnx(model, options);
  expect(faultsOf(decode(file).graph)).toEqual([]);
  const session = await InferenceSession.create(file);
  try {
    for (const other of [batch, batch === 1 ? 3 : 1]) {
      const results = await session.run(feeds(model.graph, inputs, batch, other));
      expect(Object.keys(results)).toEqual(model.graph.outputs);
      for (const [name, { want, allowed }] of Object.entries(expected)) {
        const value = model.graph.values[name] as Value;
        const got = results[name]?.data as TensorData;
        expectWithin(`${name} of batch ${other}`, got, rebatch(value, want, batch, other), rebatch(value, allowed, batch, other));
      }
    }
  } finally {
    await session.release();
  }
}

function feeds(graph: Graph, inputs: Tensors, batch: number, other: number): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map((name) => {
      const value = graph.values[name] as Value;
      const data = rebatch(value, inputs[name] as TensorData, batch, other);
      return [name, new Tensor(value.dtype === "i32" ? "int32" : "float32", data, bindShape(value.shape, other))];
    }),
  );
}

/** The data of `batch` examples as those of `other`: the first of them over and over. Values without a free batch stay as they are. */
function rebatch<T extends TensorData | Float64Array>({ shape }: Value, data: T, batch: number, other: number): T {
  if (shape[0] !== "N" || batch === other) return data;
  const example = data.length / batch;
  return new (data.constructor as new (elements: ArrayLike<number>) => T)(
    Array.from({ length: other * example }, (_, i) => data[i % example] as number),
  );
}
