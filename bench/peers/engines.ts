/** The three engines, each from its own file of the same network to a function that runs it. */
import { readModel, Session, type SessionOptions } from "swivel-nn";
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
  const firstOutput = await engine.run(first);
  return { engine, firstMs: performance.now() - start, firstOutput };
}

export const swivel =
  (options: SessionOptions): Start =>
  (files, first) =>
    timed(first, async () => {
      const session = await Session.load(files.model, options);
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

export interface PeerOptions {
  readonly backend: "webgpu" | "wasm";
  /** On Wasm. Peers fix it when they start, so that another number takes another page. */
  readonly threads: number;
  /** A page's address: ONNX Runtime's module; the folder of TensorFlow.js' Wasm files. */
  readonly library: string;
  /** ONNX Runtime's Wasm module, where it shall not fetch it itself. */
  readonly wasm?: Uint8Array<ArrayBuffer>;
}

export interface Peer {
  readonly start: Start;
  readonly version: string;
}

export async function onnxruntime({ library, backend, threads, wasm }: PeerOptions): Promise<Peer> {
  const ort = (await import(library)) as typeof import("onnxruntime-web");
  ort.env.wasm.numThreads = threads;
  if (wasm) ort.env.wasm.wasmBinary = wasm;
  const start: Start = (files, first) =>
    timed(first, async () => {
      const session = await ort.InferenceSession.create(files.onnx, {
        executionProviders: [backend],
        graphOptimizationLevel: "all",
        ...(backend === "wasm" && { freeDimensionOverrides: { N: files.shape[0] as number } }),
      });
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

/** Throws Error where its backend does not start. */
export async function tensorflow({ library, backend, threads }: PeerOptions): Promise<Peer> {
  const tf = await import("@tensorflow/tfjs-core");
  if (backend === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  else {
    const { setThreadsCount, setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(library);
    // its build with threads is no faster with one of them
    if (threads === 1) tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
    else setThreadsCount(threads);
  }
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js' ${backend} backend does not start here`);
  await tf.ready();
  const start: Start = (files, first) =>
    timed(first, async () => {
      const { graph, tensors } = readModel(files.model);
      const model = toTensorflow(tf, graph, tensors);
      return { name: "tensorflow.js", run: (data) => model.run(data), dispose: () => model.dispose() };
    });
  return { start, version: tf.version_core };
}
