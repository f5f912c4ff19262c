/** Runs any verified graph in float64, one node after another, each value in an array of its own. */

import type { Backend, CompileOptions, Executable, Explanation, NodeTime, RunOptions, TensorData, Tensors } from "../backends/backend.ts";
import { bindInputs, bindOutputs, bindTensor, persistentValue } from "../backends/inputs.ts";
import { nextTask, Queue } from "../backends/queue.ts";
import { AbortedError, BackendError } from "../errors.ts";
import { costOf } from "../graph/cost.ts";
import { type AnyTensorData, type AnyTensors, bindShape, type Graph, type Node, sizeOf, type Value, valuesOf } from "../graph/graph.ts";
import { bindNode } from "../graph/io.ts";
import type { OpTable } from "../graph/op.ts";
import { opOf, verify } from "../graph/verify.ts";
import { ops } from "../ops/index.ts";
import type { ReferenceTable } from "./kernel.ts";
import { reference } from "./table.ts";

/** Values by name; float64 or, rounded already, float32. */
export type ExactTensors = AnyTensors;

/** The arrays of one run: persistent values and the run's own. */
type Memory = Map<string, Float64Array>;

/** Whether the backend has been disposed. */
interface Life {
  over: boolean;
}

/** Runs graphs in float64, plainly: what the other backends are checked against. */
export class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly #ops: OpTable;
  readonly #kernels: ReferenceTable;
  /** Known to every executable made here: a set of them would keep those that nobody needs any more. */
  readonly #life: Life = { over: false };

  /** The ops of model files unless given others: `new ReferenceBackend(trainingOps, trainingReference)`. */
  constructor(table: OpTable = ops, kernels: ReferenceTable = reference) {
    this.#ops = table;
    this.#kernels = kernels;
  }

  async compile(graph: Graph, options: CompileOptions): Promise<ReferenceExecutable> {
    if (options.signal?.aborted) throw new AbortedError("compiling the graph", { cause: options.signal.reason });
    return this.compileExact(graph, options.tensors);
  }

  /** The same at once, from tensors that may be float64. */
  compileExact(graph: Graph, tensors: ExactTensors = {}): ReferenceExecutable {
    verify(graph, this.#ops);
    return new ReferenceExecutable(graph, this.#ops, this.#kernels, tensors, this.#life);
  }

  dispose(): void {
    this.#life.over = true;
  }
}

/** A graph on the reference backend. */
export class ReferenceExecutable implements Executable {
  readonly #graph: Graph;
  readonly #ops: OpTable;
  readonly #kernels: ReferenceTable;
  readonly #persistent: Memory = new Map();
  readonly #queue = new Queue();
  readonly #life: Life;
  #activationBytes = 0;
  #disposed = false;

  /** `graph` must be verified. Throws BackendError E_UNSUPPORTED for an op without a kernel, InputError E_INPUT for tensors that do not fit. */
  constructor(graph: Graph, table: OpTable, kernels: ReferenceTable, tensors: ExactTensors, life: Life = { over: false }) {
    this.#graph = graph;
    this.#life = life;
    this.#ops = table;
    this.#kernels = kernels;
    for (const node of graph.nodes) this.#kernelOf(node);
    for (const [name, data] of Object.entries(tensors)) bindTensor(graph, name, data, { exact: true });
    for (const { name } of valuesOf(graph, "param", "state")) this.#allocate(this.#persistent, name, 1);
    for (const [name, data] of Object.entries(tensors)) this.writeExact(name, data);
    this.#activationBytes = this.#temporaries(1);
  }

  /** Runs at once, in float64 throughout. Returns copies of `outputs`. Throws InputError E_INPUT and BackendError E_DISPOSED. */
  runExact(inputs: ExactTensors, outputs?: readonly string[]): Record<string, Float64Array> {
    const names = bindOutputs(this.#graph, outputs);
    const { memory, batch } = this.#begin(inputs, true);
    for (const node of this.#graph.nodes) this.#runNode(node, memory, batch);
    return Object.fromEntries(names.map((name) => [name, this.#allocate(memory, name, batch).slice()]));
  }

  /** A copy of a param, state or block in float64. Throws InputError E_INPUT and BackendError E_DISPOSED. */
  readExact(name: string): Float64Array {
    this.#assertAlive();
    persistentValue(this.#graph, name);
    return (this.#persistent.get(name) as Float64Array).slice();
  }

  /** Overwrites a param, state or block. Throws InputError E_INPUT and BackendError E_DISPOSED. */
  writeExact(name: string, data: AnyTensorData): void {
    this.#assertAlive();
    bindTensor(this.#graph, name, data, { exact: true });
    (this.#persistent.get(name) as Float64Array).set(data);
  }

  run(inputs: Tensors, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    return this.#enqueue(async () => {
      const names = bindOutputs(this.#graph, options.outputs);
      const { memory, batch } = this.#begin(inputs, false);
      for (const node of this.#graph.nodes) {
        if (options.signal) {
          await nextTask();
          if (options.signal.aborted) throw new AbortedError("the run", { cause: options.signal.reason });
          this.#assertAlive();
        }
        this.#runNode(node, memory, batch);
      }
      return Object.fromEntries(names.map((name) => [name, this.#rounded(name, this.#allocate(memory, name, batch))]));
    }, options.signal);
  }

  read(name: string): Promise<TensorData> {
    return this.#enqueue(async () => this.#rounded(name, this.readExact(name)));
  }

  write(name: string, data: TensorData): Promise<void> {
    return this.#enqueue(async () => {
      bindTensor(this.#graph, name, data);
      this.writeExact(name, data);
    });
  }

  profile(inputs: Tensors): Promise<NodeTime[]> {
    return this.#enqueue(async () => {
      const { memory, batch } = this.#begin(inputs, false);
      return this.#graph.nodes.map((node) => {
        const def = opOf(node, this.#ops);
        const start = performance.now();
        this.#runNode(node, memory, batch);
        return { name: node.name, op: node.op, ms: performance.now() - start, macs: def.macs(bindNode(this.#graph, node, def, batch)) };
      });
    });
  }

  explain(): Explanation {
    const owned = [...this.#persistent].filter(([name]) => this.#graph.values[name]?.view === undefined);
    return {
      backend: "reference",
      why: "the float64 reference was asked for; it is an oracle for tests, not made for speed",
      threads: 1,
      threadsWhy: "the reference runs on one thread",
      steps: this.#graph.nodes.length,
      bytes: { weights: owned.reduce((sum, [, data]) => sum + data.byteLength, 0), activations: this.#activationBytes },
      macs: costOf(this.#graph, this.#ops).macs,
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.#persistent.clear();
  }

  #assertAlive(): void {
    if (this.#disposed || this.#life.over) throw new BackendError("E_DISPOSED", "the session or trainer was disposed; load it again");
  }

  async #enqueue<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#assertAlive();
    return this.#queue.add(async () => {
      this.#assertAlive();
      if (signal?.aborted) throw new AbortedError("the run", { cause: signal.reason });
      return job();
    }, signal);
  }

  #begin(inputs: ExactTensors, exact: boolean): { memory: Memory; batch: number } {
    this.#assertAlive();
    const { batch } = bindInputs(this.#graph, inputs, { exact });
    const memory: Memory = new Map(this.#persistent);
    for (const name of this.#graph.inputs) memory.set(name, Float64Array.from(inputs[name] as AnyTensorData));
    this.#activationBytes = this.#temporaries(batch);
    return { memory, batch };
  }

  #kernelOf(node: Node) {
    const kernel = Object.hasOwn(this.#kernels, node.op) ? this.#kernels[node.op] : undefined;
    if (!kernel) throw new BackendError("E_UNSUPPORTED", `${node.op} "${node.name}": the reference given has no kernel for this op`);
    return kernel;
  }

  /** The value's array: the one it has, a range of its block's, or a new one of zeros. */
  #allocate(memory: Memory, name: string, batch: number): Float64Array {
    const known = memory.get(name);
    if (known) return known;
    const { shape, view } = this.#graph.values[name] as Value;
    const size = sizeOf(bindShape(shape, batch));
    const data = view ? this.#allocate(memory, view.of, batch).subarray(view.offset, view.offset + size) : new Float64Array(size);
    memory.set(name, data);
    return data;
  }

  #runNode(node: Node, memory: Memory, batch: number): void {
    const def = opOf(node, this.#ops);
    for (const [slot, name] of Object.entries(node.outputs)) {
      const shared = def.shares[slot];
      // an output that shares memory is its input's array under another name
      if (shared !== undefined) memory.set(name, this.#allocate(memory, node.inputs[shared] as string, batch));
      // kernels add to zeros, and a range of a kept block still holds what the last run wrote
      else this.#allocate(memory, name, batch).fill(0);
    }
    const { attrs, has, shape, list } = bindNode(this.#graph, node, def, batch);
    const data = (slot: string, names: Readonly<Record<string, string>>): Float64Array =>
      this.#allocate(memory, names[slot] as string, batch);
    this.#kernelOf(node)({
      attrs,
      has,
      shape,
      list,
      input: (slot) => data(slot, node.inputs),
      output: (slot) => data(slot, node.outputs),
    });
  }

  /** A copy in the value's own type. */
  #rounded(name: string, data: Float64Array): TensorData {
    return this.#graph.values[name]?.dtype === "i32" ? Int32Array.from(data) : Float32Array.from(data);
  }

  /** Bytes of inputs and temporaries, without views and outputs that share memory. */
  #temporaries(batch: number): number {
    const shared = new Set(
      this.#graph.nodes.flatMap((node) => Object.keys(opOf(node, this.#ops).shares).map((slot) => node.outputs[slot])),
    );
    return valuesOf(this.#graph, "input", "temp")
      .filter((value) => !value.view && !shared.has(value.name))
      .reduce((sum, value) => sum + 8 * sizeOf(bindShape(value.shape, batch)), 0);
  }
}
