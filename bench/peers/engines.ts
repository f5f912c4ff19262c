/** The three engines on WebGPU, each from its own file of the same network to a function that runs it. */
import { optimize, readModel, Session } from "swivel-nn";
import type { Engine, Started } from "./compare.ts";
import { toTensorflow } from "./tensorflow.ts";

export interface NetworkFiles {
  /** A packed model of Swivel's. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** The input's shape, batch included. */
  readonly shape: readonly number[];
}

export type Start = (files: NetworkFiles, first: Float32Array) => Promise<Started>;

/** Counts from the files in memory to the first result. Libraries are loaded before. */
async function timed(first: Float32Array, make: () => Promise<Engine>): Promise<Started> {
  const start = performance.now();
  const engine = await make();
  await engine.run(first);
  return { engine, firstMs: performance.now() - start };
}

export const swivel: Start = (files, first) =>
  timed(first, async () => {
    const session = await Session.load(files.model, { backend: "webgpu" });
    const [input] = session.inputs;
    const [output] = session.outputs;
    return {
      name: "swivel",
      run: async (data) => (await session.run({ [input?.name as string]: data }))[output?.name as string] as Float32Array,
      dispose: () => session.dispose(),
    };
  });

/** What the network gives, on WebAssembly: the arbiter where GPUs disagree. */
export async function expectedOutputs(model: Uint8Array, input: Float32Array): Promise<Float32Array> {
  const session = await Session.load(model, { backend: "wasm", threads: 1 });
  const results = await session.run({ [session.inputs[0]?.name as string]: input });
  session.dispose();
  return results[session.outputs[0]?.name as string] as Float32Array;
}

/** `library`: where ONNX Runtime's module is served. */
export async function onnxruntime(library: string): Promise<{ readonly start: Start; readonly version: string }> {
  const ort = (await import(library)) as typeof import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  const start: Start = (files, first) =>
    timed(first, async () => {
      const session = await ort.InferenceSession.create(files.onnx, { executionProviders: ["webgpu"], graphOptimizationLevel: "all" });
      const [input = ""] = session.inputNames;
      const [output = ""] = session.outputNames;
      return {
        name: "onnxruntime-web",
        async run(data) {
          const results = await session.run({ [input]: new ort.Tensor("float32", data, files.shape) });
          return results[output]?.data as Float32Array;
        },
        dispose: () => session.release(),
      };
    });
  return { start, version: ort.env.versions.web ?? "" };
}

/** Throws Error where its WebGPU backend does not start. */
export async function tensorflow(): Promise<{ readonly start: Start; readonly version: string }> {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js' WebGPU backend does not start here");
  await tf.ready();
  const start: Start = (files, first) =>
    timed(first, async () => {
      const { graph, tensors } = readModel(files.model);
      const packed = optimize(graph, tensors);
      const model = toTensorflow(tf, packed.graph, packed.tensors);
      return { name: "tensorflow.js", run: (data) => model.run(data), dispose: () => model.dispose() };
    });
  return { start, version: tf.version_core };
}
