/**
 * A graph loaded into linear memory. Layout: the control block, the persistent arena (weights, statistics), prepared weights,
 * then what belongs to one plan: program, scratch, arena of activations. Plans for other batch sizes are written over it when they are needed.
 */
import { AbortedError, BackendError } from "../../errors.ts";
import { bindShape, type DType, type Graph, sizeOf, type Value } from "../../graph/graph.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import type { CompileOptions, Executable, Explanation, NodeTime, RunOptions, TensorData, Tensors } from "../backend.ts";
import { bindInputs, bindOutputs, bindTensor, persistentValue } from "../inputs.ts";
import { nextTask, Queue } from "../queue.ts";
import { instantiate } from "./binary.ts";
import { CONTROL_BYTES } from "./control.ts";
import type { Simd } from "./features.ts";
import { alignUp, LinearMemory } from "./linear_memory.ts";
import type { KernelSet } from "./lowering.ts";
import { placePrepared } from "./prepared.ts";
import { encodeProgram, type Program, type ProgramPlace } from "./program.ts";
import { Team } from "./team.ts";

/** The modules have no static data (tools/wasm.ts makes sure), so memory is free from here on; 0 stands for tensors left out. */
const CONTROL = 64;
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

/** Where a value of a plan lies. */
interface End {
  readonly name: string;
  readonly dtype: DType;
  readonly at: number;
  readonly size: number;
}

interface Loaded {
  readonly outputs: readonly string[];
  /** Found once: looking names up takes as long as a small layer. */
  readonly takes: readonly End[];
  readonly gives: readonly End[];
  readonly plan: Plan;
  readonly program: Program;
}

export class WasmExecutable implements Executable {
  readonly #graph: Graph;
  readonly #host: WasmModule;
  readonly #memory: LinearMemory;
  readonly #team: Team;
  readonly #place: ProgramPlace;
  readonly #plans = new Map<string, Loaded>();
  readonly #queue = new Queue();
  readonly #first: Plan;
  #current: Loaded | undefined;
  /** Weights have been written since they were prepared. */
  #unprepared = true;
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
    this.#memory = new LinearMemory(host.threads > 1);
    const exports = instantiate(host.module, this.#memory.memory);
    this.#team = new Team(host.module, this.#memory, exports.run as ConstructorParameters<typeof Team>[2], CONTROL, host.threads);
    const persistent = alignUp(CONTROL + CONTROL_BYTES);
    const prepared = alignUp(persistent + this.#first.persistent.bytes);
    const weights = placePrepared(this.#first, host.kernels);
    this.#place = { base: alignUp(prepared + weights.bytes), persistent, prepared, weights, workers: host.threads };
    this.#memory.reserve(this.#place.base);
  }

  run(inputs: Tensors, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    const { outputs = this.#graph.outputs, signal } = options;
    return this.#enqueue(() => {
      const loaded = this.#prepare(inputs, outputs);
      if (signal || this.#threadsFor(loaded.plan) > 1) return this.#runLong(loaded, signal);
      // a small model feels each promise
      this.#begin(loaded.plan, loaded.program);
      this.#team.run(loaded.program.first, loaded.program.steps);
      return this.#results(loaded);
    }, signal);
  }

  profile(inputs: Tensors): Promise<NodeTime[]> {
    return this.#enqueue(async () => {
      const { program, plan } = this.#prepare(inputs, this.#graph.outputs);
      const ms = new Array<number>(plan.nodes.length).fill(0);
      const kernels: (string | undefined)[] = [];
      if (this.#threadsFor(plan) > 1) this.#team.start();
      await this.#team.gather();
      this.#begin(plan, program);
      for (let step = program.first; step < program.steps; step++) {
        const start = performance.now();
        this.#team.run(step, step + 1);
        const node = program.nodeOf[step] as number;
        ms[node] = (ms[node] as number) + performance.now() - start;
        kernels[node] = program.entries[step];
      }
      return plan.nodes.map(({ node, macs }, i) => ({
        name: node.name,
        op: node.op,
        kernel: kernels[i] ?? node.op,
        ms: ms[i] as number,
        macs,
      }));
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
      precision: "f32",
      threads,
      threadsWhy:
        this.#team.refusal ??
        (threads < this.#host.threads ? "a run this small is over before other threads have woken up" : this.#host.threadsWhy),
      steps: program.steps - program.first,
      bytes: { weights: plan.persistent.bytes + this.#place.weights.bytes, activations: plan.arena.bytes },
      macs: this.#first.macs,
    };
  }

  /** Ends the threads at once; a run that is on is aborted between two steps. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#team.abort();
    void this.#queue.idle().then(() => this.#team.quit());
    this.#onDispose();
  }

  #enqueue<T>(job: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.add(() => {
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
    for (const { name, dtype, at } of loaded.takes) this.#memory.put(at, dtype, inputs[name] as TensorData);
    return loaded;
  }

  #use(batch: number, outputs: readonly string[]): Loaded {
    // what nearly all runs find; lists of callers may have changed
    if (outputs === this.#graph.outputs && this.#current?.outputs === outputs && this.#current.plan.batch === batch) return this.#current;
    const key = JSON.stringify([batch, outputs]);
    let loaded = this.#plans.get(key);
    if (!loaded) {
      const plan =
        batch === 1 && outputs === this.#graph.outputs ? this.#first : makePlan(this.#graph, this.#host.kernels.ops, batch, outputs);
      const program = encodeProgram(plan, this.#host.kernels, this.#place);
      const ends = (names: readonly string[]): End[] =>
        names.map((name) => {
          const { dtype, shape } = this.#graph.values[name] as Value;
          return { name, dtype, at: program.addressOf(name), size: sizeOf(bindShape(shape, batch)) };
        });
      loaded = { outputs, takes: ends(this.#graph.inputs), gives: ends(outputs), plan, program };
      if (this.#plans.size >= MAX_PLANS) this.#plans.delete(this.#plans.keys().next().value as string);
      this.#plans.set(key, loaded);
    }
    if (this.#current === loaded) return loaded;
    this.#memory.reserve(loaded.program.end);
    this.#memory.putBytes(this.#place.base, loaded.program.image);
    this.#current = loaded;
    return loaded;
  }

  /** With threads, or in slices. */
  async #runLong(loaded: Loaded, signal: AbortSignal | undefined): Promise<Record<string, TensorData>> {
    const { plan, program } = loaded;
    const threads = this.#threadsFor(plan) > 1;
    if (threads) await this.#team.gather();
    this.#begin(plan, program);
    if (signal) await this.#runSlices(plan, program, signal);
    else this.#team.run(program.first, program.steps);
    this.#assertAlive();
    const results = this.#results(loaded);
    // a small model at batch 1 never pays for threads, and a first result does not wait for them
    if (threads) this.#team.start();
    return results;
  }

  #results({ gives }: Loaded): Record<string, TensorData> {
    const results: Record<string, TensorData> = {};
    for (const { name, at, dtype, size } of gives) results[name] = this.#memory.copy(at, dtype, size);
    return results;
  }

  async #runSlices(plan: Plan, program: Program, signal: AbortSignal): Promise<void> {
    const onAbort = (): void => this.#team.abort();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (let from = program.first; from < program.steps; ) {
        const to = sliceEnd(plan, program, from);
        this.#team.run(from, to);
        from = to;
        if (from < program.steps) await nextTask();
        if (signal.aborted) throw new AbortedError("the run", { cause: signal.reason });
        this.#assertAlive();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #begin(plan: Plan, { first, scratch, scratchStride }: Program): void {
    this.#assertAlive();
    this.#team.assign({ workers: this.#team.helped ? this.#threadsFor(plan) : 1, program: this.#place.base, scratch, scratchStride });
    if (this.#unprepared) this.#team.run(0, first);
    this.#unprepared = false;
  }

  #threadsFor(plan: Plan): number {
    return plan.macs < MACS_WORTH_THREADS || this.#team.refusal !== undefined ? 1 : this.#host.threads;
  }

  #load(tensors: Tensors): void {
    for (const [name, data] of Object.entries(tensors)) this.#store(name, data);
  }

  #store(name: string, data: TensorData): void {
    bindTensor(this.#graph, name, data);
    this.#put(name, data);
    this.#unprepared = true;
  }

  #address(name: string): number {
    if (this.#current) return this.#current.program.addressOf(name);
    const placement = this.#first.placements.get(name);
    return this.#place.persistent + (this.#first.persistent.offsets.get(placement?.storage ?? "") as number) + 4 * (placement?.offset ?? 0);
  }

  #put(name: string, data: TensorData): void {
    this.#memory.put(this.#address(name), this.#graph.values[name]?.dtype ?? "f32", data);
  }

  /** A copy of a value after a run, of the batch that was run last. */
  #copy(name: string): TensorData {
    const { dtype, shape } = this.#graph.values[name] as Value;
    return this.#memory.copy(this.#address(name), dtype, sizeOf(bindShape(shape, this.#current?.plan.batch ?? 1)));
  }
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
