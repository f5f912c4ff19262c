/**
 * A graph loaded into linear memory. Layout, from the module's heap base: the control block, the persistent arena (weights, statistics),
 * then what belongs to one plan: program, scratch, arena of activations. Plans for other batch sizes are written over it when they are needed.
 */
import { AbortedError, BackendError } from "../../errors.ts";
import { type Graph, sizeOf, type Value } from "../../graph/graph.ts";
import { ALIGNMENT } from "../../plan/memory.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import type { CompileOptions, Executable, Explanation, NodeTime, RunOptions, TensorData, Tensors } from "../backend.ts";
import { bindInputs, bindOutputs, bindTensor, persistentValue } from "../inputs.ts";
import { nextTask, Queue } from "../queue.ts";
import { CONTROL_BYTES, type ControlField, controlIndex } from "./control.ts";
import type { Simd } from "./features.ts";
import type { KernelSet } from "./lowering.ts";
import { encodeProgram, type Program } from "./program.ts";
import { startThreads, type Threads } from "./threads.ts";

const PAGE = 65536;
/** Below this many multiply-adds a run is over before other threads have woken up. */
const MACS_WORTH_THREADS = 1.5e6;
/** A run that can be aborted gives way to other tasks after about this many multiply-adds (some 10 ms). */
const MACS_PER_SLICE = 1e8;
/** Plans that are kept for batch sizes seen before. */
const MAX_PLANS = 8;

export interface WasmModule {
  readonly module: WebAssembly.Module;
  readonly kernels: KernelSet;
  readonly simd: Simd;
  readonly threads: number;
  readonly threadsWhy: string;
  readonly why: string;
}

interface Loaded {
  readonly plan: Plan;
  readonly program: Program;
}

type RunSteps = (control: number, from: number, to: number, worker: number) => number;

export class WasmExecutable implements Executable {
  readonly #graph: Graph;
  readonly #host: WasmModule;
  readonly #memory: WebAssembly.Memory;
  readonly #run: RunSteps;
  readonly #control: number;
  readonly #persistent: number;
  readonly #planBase: number;
  readonly #plans = new Map<string, Loaded>();
  readonly #queue = new Queue();
  readonly #first: Plan;
  #threads: Threads | undefined;
  #current: Loaded | undefined;
  #disposed = false;
  #onDispose: () => void = () => {};

  /** `onDispose` is called once, when its memory is no longer needed. */
  static async create(graph: Graph, host: WasmModule, options: CompileOptions, onDispose: () => void): Promise<WasmExecutable> {
    const executable = new WasmExecutable(graph, host);
    executable.#onDispose = onDispose;
    executable.#load(options.tensors);
    // an unsupported op or a plan too large for memory is said now, not at the first run
    executable.#use(1, graph.outputs);
    return executable;
  }

  private constructor(graph: Graph, host: WasmModule) {
    this.#graph = graph;
    this.#host = host;
    this.#first = makePlan(graph, host.kernels.ops, 1, graph.outputs);
    this.#memory = makeMemory(host.threads > 1);
    const { exports } = new WebAssembly.Instance(host.module, { env: { memory: this.#memory } });
    this.#run = exports.run as RunSteps;
    this.#control = alignUp((exports.__heap_base as WebAssembly.Global | undefined)?.value ?? 1024);
    this.#persistent = alignUp(this.#control + CONTROL_BYTES);
    this.#planBase = alignUp(this.#persistent + this.#first.persistent.bytes);
    this.#reserve(this.#planBase);
  }

  run(inputs: Tensors, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    return this.#enqueue(async () => {
      const { program, plan } = this.#prepare(inputs, options.outputs ?? this.#graph.outputs);
      await this.#runAll(plan, program, options.signal);
      return Object.fromEntries((options.outputs ?? this.#graph.outputs).map((name) => [name, this.#copy(name)]));
    }, options.signal);
  }

  profile(inputs: Tensors): Promise<NodeTime[]> {
    return this.#enqueue(async () => {
      const { program, plan } = this.#prepare(inputs, this.#graph.outputs);
      const ms = new Array<number>(plan.nodes.length).fill(0);
      await this.#begin(plan, program);
      for (let step = 0; step < program.steps; step++) {
        const start = performance.now();
        this.#runSteps(step, step + 1);
        const node = program.nodeOf[step] as number;
        ms[node] = (ms[node] as number) + performance.now() - start;
      }
      return plan.nodes.map(({ node, macs }, i) => ({ name: node.name, op: node.op, ms: ms[i] as number, macs }));
    });
  }

  read(name: string): Promise<TensorData> {
    return this.#enqueue(async () => {
      persistentValue(this.#graph, name);
      return this.#copy(name);
    });
  }

  write(name: string, data: TensorData): Promise<void> {
    return this.#enqueue(async () => this.#store(name, data));
  }

  explain(): Explanation {
    const { plan, program } = this.#current ?? this.#use(1, this.#graph.outputs);
    const threads = this.#threadsFor(plan);
    return {
      backend: "wasm",
      why: this.#host.why,
      simd: this.#host.simd,
      threads,
      threadsWhy: threads < this.#host.threads ? "a run this small is over before other threads have woken up" : this.#host.threadsWhy,
      steps: program.steps,
      bytes: { weights: plan.persistent.bytes, activations: plan.arena.bytes },
      macs: this.#first.macs,
    };
  }

  /** Ends the threads at once; a run that is on is aborted between two steps. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#set("abort", 1);
    void this.#queue.idle().then(() => {
      this.#set("quit", 1);
      this.#wake();
      this.#threads?.terminate();
      this.#threads = undefined;
    });
    this.#onDispose();
  }

  async #enqueue<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#assertAlive();
    return this.#queue.add(async () => {
      this.#assertAlive();
      if (signal?.aborted) throw new AbortedError("the run", { cause: signal.reason });
      return job();
    }, signal);
  }

  #assertAlive(): void {
    if (this.#disposed) throw new BackendError("E_DISPOSED", "the session or trainer was disposed; load it again");
  }

  /** Makes the plan for these inputs current and copies them in. */
  #prepare(inputs: Tensors, outputs: readonly string[]): Loaded {
    const { batch } = bindInputs(this.#graph, inputs);
    bindOutputs(this.#graph, outputs);
    const loaded = this.#use(batch, outputs);
    for (const name of this.#graph.inputs) this.#put(name, inputs[name] as TensorData);
    return loaded;
  }

  #use(batch: number, outputs: readonly string[]): Loaded {
    const key = JSON.stringify([batch, outputs]);
    let loaded = this.#plans.get(key);
    if (!loaded) {
      const plan = makePlan(this.#graph, this.#host.kernels.ops, batch, outputs);
      const program = encodeProgram(plan, this.#host.kernels, this.#planBase, this.#persistent, this.#host.threads);
      loaded = { plan, program };
      if (this.#plans.size >= MAX_PLANS) this.#plans.delete(this.#plans.keys().next().value as string);
      this.#plans.set(key, loaded);
    }
    if (this.#current === loaded) return loaded;
    this.#reserve(loaded.program.end);
    new Uint8Array(this.#memory.buffer).set(loaded.program.image, this.#planBase);
    this.#current = loaded;
    return loaded;
  }

  async #runAll(plan: Plan, program: Program, signal: AbortSignal | undefined): Promise<void> {
    await this.#begin(plan, program);
    if (!signal) {
      this.#runSteps(0, program.steps);
      this.#assertAlive();
      return;
    }
    const onAbort = (): void => this.#set("abort", 1);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (let from = 0; from < program.steps; ) {
        const to = sliceEnd(plan, program, from);
        this.#runSteps(from, to);
        from = to;
        if (from < program.steps) await nextTask();
        if (signal.aborted) throw new AbortedError("the run", { cause: signal.reason });
        this.#assertAlive();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #begin(plan: Plan, program: Program): Promise<void> {
    const threads = this.#threadsFor(plan);
    if (threads > 1) await this.#startThreads();
    this.#assertAlive();
    this.#set("abort", 0);
    this.#set("workers", threads);
    this.#set("program", this.#planBase);
    this.#set("scratch", program.scratch);
    this.#set("scratchStride", program.scratchStride);
  }

  #threadsFor(plan: Plan): number {
    return plan.macs < MACS_WORTH_THREADS ? 1 : this.#host.threads;
  }

  /** At the first run that is worth them: a small model at batch 1 never pays for threads. */
  async #startThreads(): Promise<void> {
    this.#threads ??= await startThreads(this.#host.threads - 1, {
      module: this.#host.module,
      memory: this.#memory,
      control: this.#control,
    });
  }

  /** Runs steps on all workers; this thread is worker 0. */
  #runSteps(from: number, to: number): void {
    this.#set("from", from);
    this.#set("to", to);
    this.#wake();
    this.#run(this.#control, from, to, 0);
  }

  /** Lets the helpers look at the control block, if this run has any. */
  #wake(): void {
    if (!this.#threads) return;
    const control = this.#controlBlock();
    if (control[controlIndex.workers] === 1 && control[controlIndex.quit] === 0) return;
    Atomics.add(control, controlIndex.epoch, 1);
    Atomics.notify(control, controlIndex.epoch);
  }

  #controlBlock(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#control, CONTROL_BYTES / 4);
  }

  #set(field: ControlField, value: number): void {
    Atomics.store(this.#controlBlock(), controlIndex[field], value);
  }

  #load(tensors: Tensors): void {
    for (const [name, data] of Object.entries(tensors)) this.#store(name, data);
  }

  #store(name: string, data: TensorData): void {
    bindTensor(this.#graph, name, data);
    this.#put(name, data);
  }

  #address(name: string): number {
    if (this.#current) return this.#current.program.addressOf(name);
    const placement = this.#first.placements.get(name);
    return this.#persistent + (this.#first.persistent.offsets.get(placement?.storage ?? "") as number) + 4 * (placement?.offset ?? 0);
  }

  #put(name: string, data: TensorData): void {
    const Type = this.#graph.values[name]?.dtype === "i32" ? Int32Array : Float32Array;
    new Type(this.#memory.buffer, this.#address(name), data.length).set(data);
  }

  /** A copy of a value after a run, of the batch that was run last. */
  #copy(name: string): TensorData {
    const { dtype, shape } = this.#graph.values[name] as Value;
    const batch = this.#current?.plan.batch ?? 1;
    const size = sizeOf(shape.map((dim) => (dim === "N" ? batch : dim)));
    const at = this.#address(name);
    // .slice() of a view over shared memory would be shared too
    return dtype === "i32"
      ? new Int32Array(new Int32Array(this.#memory.buffer, at, size))
      : new Float32Array(new Float32Array(this.#memory.buffer, at, size));
  }

  #reserve(end: number): void {
    const missing = Math.ceil(end / PAGE) - this.#memory.buffer.byteLength / PAGE;
    if (missing <= 0) return;
    try {
      this.#memory.grow(missing);
    } catch (error) {
      throw new BackendError(
        "E_MEMORY",
        `the plan needs ${Math.ceil(end / 2 ** 20)} MB, more than this engine gives; run a smaller batch`,
        { cause: error },
      );
    }
  }
}

const alignUp = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

/** Shared memory needs its maximum at once, and phones refuse to promise 4 GB. */
function makeMemory(shared: boolean): WebAssembly.Memory {
  for (const maximum of [65536, 16384, 4096]) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared });
    } catch {
      // try to promise less
    }
  }
  throw new BackendError("E_MEMORY", "this engine gives no WebAssembly memory; close other pages");
}

/** The step before which the next slice of about MACS_PER_SLICE ends. */
function sliceEnd(plan: Plan, program: Program, from: number): number {
  let macs = 0;
  let to = from;
  while (to < program.steps && macs < MACS_PER_SLICE) {
    const node = plan.nodes[program.nodeOf[to] as number];
    macs += (node?.macs ?? 0) / Math.max(1, node?.steps.length ?? 1) + 1000;
    to++;
  }
  return to;
}
