/**
 * What a backend is. A backend takes a verified graph and the data of its persistent values, and makes an executable that owns its memory.
 * Session and Trainer know only these two interfaces; `reference/`, `wasm/` and `webgpu/` implement them.
 */
import type { Graph, TensorData, Tensors } from "../graph/graph.ts";

export type { TensorData, Tensors };

export type BackendName = "wasm" | "webgpu" | "reference";

export interface CompileOptions {
  /** Data of `param` and `state` values (views by their own names, or a whole block by its). What is missing starts as zeros. */
  readonly tensors: Tensors;
  readonly signal?: AbortSignal;
  /** Told as parts become ready that take time: pipelines of a GPU. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Something that runs graphs. All backends give the same results within the tolerances of their ops. */
export interface Backend {
  readonly name: BackendName;
  /**
   * Plans and loads the graph. Throws GraphError E_UNKNOWN_OP or BackendError E_UNSUPPORTED for an op that it cannot run (naming it),
   * InputError E_INPUT for tensors whose length does not fit, BackendError E_MEMORY where the plan does not fit into memory.
   */
  compile(graph: Graph, options: CompileOptions): Promise<Executable>;
  /**
   * Where a device can be taken away: another backend to go on with after BackendError E_DEVICE_LOST, of the same kind if one can be had, and why it is
   * that one. It is the caller's to dispose.
   */
  recover?(): Promise<{ readonly backend: Backend; readonly why: string }>;
  /** Ends threads and devices. Executables made by it are dead afterwards. */
  dispose(): void;
}

export interface RunOptions {
  /** Values to read back; the graph's outputs unless given. Any value may be asked for, in training also none. */
  readonly outputs?: readonly string[];
  /** Stops between two steps; the run then rejects with AbortedError. */
  readonly signal?: AbortSignal;
}

/** Milliseconds of one node in one run. */
export interface NodeTime {
  readonly name: string;
  readonly op: string;
  /** Which kernel computed it, on backends where an op has several. */
  readonly kernel?: string;
  readonly ms: number;
  readonly macs: number;
}

/** What an executable runs on, and why: the answer of `explain()`. */
export interface Explanation {
  readonly backend: BackendName;
  /** Why this backend runs and no other; one plain sentence. */
  readonly why: string;
  /** "relaxed" or "baseline" on Wasm. */
  readonly simd?: "relaxed" | "baseline";
  readonly threads: number;
  /** On WebGPU the adapter, as it names itself. */
  readonly adapter?: string;
  /** What weights and activations are stored in. */
  readonly precision?: "f32" | "f16";
  /** Why that is not the precision that was asked for. */
  readonly precisionWhy?: string;
  /** Why there are so many threads. */
  readonly threadsWhy: string;
  /** Of a session: whether it runs in a worker. */
  readonly worker?: boolean;
  /** Why there, or why not. */
  readonly workerWhy?: string;
  /** Kernel calls (on WebGPU dispatches) per run. */
  readonly steps: number;
  /** Bytes of weights and of planned activations at the batch that was run last (1 before the first run). */
  readonly bytes: { readonly weights: number; readonly activations: number };
  /** Multiply-adds per example. */
  readonly macs: number;
}

/** A graph that is loaded, its memory planned and its weights in place. Dispose it to free both. */
export interface Executable {
  /**
   * Runs the graph. Inputs are the graph's inputs by name; the batch follows from their lengths. Runs queue; results belong to the caller.
   * Throws InputError E_INPUT for missing, unknown or mis-sized inputs, AbortedError, and BackendError E_DISPOSED.
   */
  run(inputs: Tensors, options?: RunOptions): Promise<Record<string, TensorData>>;
  /** A copy of a persistent value (param, state, or a whole block). */
  read(name: string): Promise<TensorData>;
  /** Overwrites a persistent value between runs. */
  write(name: string, data: TensorData): Promise<void>;
  /** Runs once, timing each node. */
  profile(inputs: Tensors): Promise<NodeTime[]>;
  explain(): Explanation;
  dispose(): void;
}
