/**
 * A graph on a device. Each batch size has a program (buffers, bind groups); a run writes the inputs, records the dispatches, submits them, and reads
 * the outputs back. A run's turn ends with its submission: the next one is recorded while the device still works.
 */
import { AbortedError, BackendError } from "../../errors.ts";
import { bindShape, type Graph, sizeOf, type Value } from "../../graph/graph.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import type { CompileOptions, Executable, Explanation, NodeTime, RunOptions, TensorData, Tensors } from "../backend.ts";
import { bindInputs, bindOutputs, bindTensor, persistentValue } from "../inputs.ts";
import { Queue } from "../queue.ts";
import type { GpuHost } from "./device.ts";
import { DeviceMemory, type Range } from "./device_memory.ts";
import type { Faults } from "./faults.ts";
import type { GpuFacts, GpuKernelSet } from "./lowering.ts";
import { decode, encode } from "./numbers.ts";
import type { Pipelines } from "./pipelines.ts";
import { timeNodes } from "./profile.ts";
import { type Program, ProgramBuilder, planDispatches } from "./program.ts";
import { byteOffset, elementBytes } from "./slots.ts";
import { alignUp, USAGE } from "./usage.ts";

/** Programs that are kept for batch sizes seen before. */
const MAX_PROGRAMS = 4;
/** Submissions that the device may be behind: more would only queue inputs. */
const MAX_AHEAD = 3;
/** A submission holds about this many multiply-adds, so that no driver takes a slow device for a hung one. */
const MACS_PER_SUBMISSION = 2e9;

export interface GpuParts {
  readonly host: GpuHost;
  readonly kernels: GpuKernelSet;
  readonly facts: GpuFacts;
  readonly faults: Faults;
  readonly pipelines: Pipelines;
  readonly why: string;
}

export class WebGpuExecutable implements Executable {
  readonly #graph: Graph;
  readonly #parts: GpuParts;
  readonly #memory: DeviceMemory;
  readonly #kept: ReturnType<DeviceMemory["group"]>;
  readonly #persistent = new Map<string, GPUBuffer>();
  readonly #programs = new Map<string, Program>();
  readonly #queue = new Queue();
  readonly #first: Plan;
  readonly #ahead: Promise<unknown>[] = [];
  #current: Program | undefined;
  #disposed = false;
  #onDispose: () => void = () => {};

  /** `onDispose` is called once, when its memory is no longer needed. */
  static async create(
    graph: Graph,
    parts: GpuParts,
    options: CompileOptions,
    onDispose: (dead: Executable) => void,
  ): Promise<WebGpuExecutable> {
    const executable = new WebGpuExecutable(graph, parts);
    executable.#onDispose = () => onDispose(executable);
    try {
      await executable.#allocate();
      for (const [name, data] of Object.entries(options.tensors)) executable.#store(name, data);
      // an op without a shader, pipelines and memory are seen to now, not at the first run
      await executable.#use(1, graph.outputs, options.onProgress);
      if (options.signal?.aborted) throw new AbortedError("compiling", { cause: options.signal.reason });
    } catch (error) {
      executable.dispose();
      throw error;
    }
    return executable;
  }

  private constructor(graph: Graph, parts: GpuParts) {
    this.#graph = graph;
    this.#parts = parts;
    this.#first = makePlan(graph, parts.kernels.ops, 1, graph.outputs);
    this.#memory = new DeviceMemory(parts.host.device, parts.faults);
    this.#kept = this.#memory.group();
  }

  async run(inputs: Tensors, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    const outputs = options.outputs ?? this.#graph.outputs;
    const finish = await this.#enqueue(async () => {
      const program = await this.#prepare(inputs, outputs);
      await this.#submit(program, options.signal);
      return outputs.length > 0 ? this.#fetch(outputs, program) : async () => [];
    }, options.signal);
    const results = await this.#alive(finish());
    return Object.fromEntries(outputs.map((name, i) => [name, results[i] as TensorData]));
  }

  profile(inputs: Tensors): Promise<NodeTime[]> {
    return this.#enqueue(async () => {
      const program = await this.#prepare(inputs, this.#graph.outputs);
      const ms = await timeNodes(this.#parts.host.device, this.#parts.faults, program);
      return program.plan.nodes.map(({ node, macs }, i) => ({ name: node.name, op: node.op, ms: ms[i] as number, macs }));
    });
  }

  /** Its turn ends when the copy is ordered: runs that follow do not wait for the numbers to arrive. */
  async read(name: string): Promise<TensorData> {
    const finish = await this.#enqueue(async () => {
      persistentValue(this.#graph, name);
      return this.#fetch([name], await this.#use());
    });
    return (await this.#alive(finish()))[0] as TensorData;
  }

  write(name: string, data: TensorData): Promise<void> {
    return this.#enqueue(async () => this.#store(name, data));
  }

  explain(): Explanation {
    const { host, why } = this.#parts;
    return {
      backend: "webgpu",
      why: host.precisionWhy === undefined ? why : `${why}; in f32, since ${host.precisionWhy}`,
      adapter: host.adapter.name,
      precision: host.precision,
      threads: 1,
      threadsWhy: "the GPU computes; one thread gives it commands",
      steps: this.#current?.dispatches.length ?? 0,
      bytes: { weights: [...this.#persistent.values()].reduce((sum, { size }) => sum + size, 0), activations: this.#current?.bytes ?? 0 },
      macs: this.#first.macs,
    };
  }

  /** Frees all memory once what has been submitted is over. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    void this.#queue.idle().then(() => {
      for (const program of this.#programs.values()) program.dispose();
      this.#programs.clear();
      this.#kept.destroy();
      this.#memory.dispose();
      this.#onDispose();
    });
  }

  async #enqueue<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#assertAlive();
    return this.#queue.add(async () => {
      this.#assertAlive();
      if (signal?.aborted) throw new AbortedError("the run", { cause: signal.reason });
      this.#parts.faults.check();
      return this.#alive(job());
    }, signal);
  }

  /** Whatever fails after dispose() fails because of it. */
  async #alive<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#assertAlive();
      throw error;
    }
  }

  #assertAlive(): void {
    if (this.#disposed) throw new BackendError("E_DISPOSED", "the session or trainer was disposed; load it again");
  }

  /** A buffer for each parameter, state and block. */
  async #allocate(): Promise<void> {
    const { precision } = this.#parts.host;
    const storages = [...this.#first.storages.values()].filter((storage) => storage.persistent);
    await Promise.all(
      storages.map(async ({ name, size }) => {
        const bytes = alignUp(size * elementBytes(this.#graph.values[name]?.dtype ?? "f32", precision));
        const usage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
        this.#persistent.set(name, await this.#kept.create(`"${name}"`, bytes, usage));
      }),
    );
  }

  /** Makes the program for these inputs current and writes them. */
  async #prepare(inputs: Tensors, outputs: readonly string[]): Promise<Program> {
    const { batch } = bindInputs(this.#graph, inputs);
    bindOutputs(this.#graph, outputs);
    const program = await this.#use(batch, outputs);
    for (const name of this.#graph.inputs) {
      const { buffer, offset } = program.locate(name);
      this.#kept.write(buffer, this.#encode(name, inputs[name] as TensorData), offset);
    }
    return program;
  }

  async #use(
    batch: number = this.#current?.plan.batch ?? 1,
    outputs: readonly string[] = this.#graph.outputs,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Program> {
    const { kernels, facts, pipelines, host } = this.#parts;
    const key = JSON.stringify([batch, outputs]);
    let program = this.#programs.get(key);
    if (!program) {
      const plan = makePlan(this.#graph, kernels.ops, batch, outputs);
      const builder = new ProgramBuilder(plan, this.#graph, this.#memory, host.precision, this.#persistent);
      program = await builder.build(planDispatches(plan, kernels, facts), pipelines, onProgress);
    }
    // the last used stands last
    this.#programs.delete(key);
    this.#programs.set(key, program);
    const [oldest] = this.#programs;
    if (this.#programs.size > MAX_PROGRAMS && oldest) {
      this.#programs.delete(oldest[0]);
      oldest[1].dispose();
    }
    this.#current = program;
    return program;
  }

  /** Records and submits all dispatches; with a signal it waits between submissions, so that an abort stops the rest. */
  async #submit(program: Program, signal: AbortSignal | undefined): Promise<void> {
    const { device } = this.#parts.host;
    const { faults } = this.#parts;
    while (this.#ahead.length >= MAX_AHEAD) await faults.guard(this.#ahead.shift() as Promise<unknown>);
    for (let from = 0; from < program.dispatches.length; ) {
      const to = submissionEnd(program, from);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, grid } of program.dispatches.slice(from, to)) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      from = to;
      if (signal && from < program.dispatches.length) {
        await faults.guard(device.queue.onSubmittedWorkDone());
        if (signal.aborted) throw new AbortedError("the run", { cause: signal.reason });
      }
    }
    const done = device.queue.onSubmittedWorkDone();
    done.catch(() => {});
    this.#ahead.push(done);
  }

  /** Orders a copy of values out of the device's memory; the function that it returns waits for them. */
  async #fetch(names: readonly string[], program: Program): Promise<() => Promise<TensorData[]>> {
    const { device, precision } = this.#parts.host;
    const types = names.map((name) => (this.#graph.values[name] as Value).dtype);
    const ranges = names.map((name, i): Range => {
      const size = sizeOf(bindShape((this.#graph.values[name] as Value).shape, program.plan.batch));
      return { ...program.locate(name), bytes: size * elementBytes(types[i] ?? "f32", precision) };
    });
    const encoder = device.createCommandEncoder();
    const arrived = await this.#memory.read(encoder, ranges);
    device.queue.submit([encoder.finish()]);
    return async () => (await arrived()).map((bytes, i) => decode(bytes, types[i] ?? "f32", precision));
  }

  #store(name: string, data: TensorData): void {
    bindTensor(this.#graph, name, data);
    const placement = this.#first.placements.get(name);
    const buffer = this.#persistent.get(placement?.storage ?? name) as GPUBuffer;
    this.#kept.write(buffer, this.#encode(name, data), byteOffset(this.#first, this.#graph, name, this.#parts.host.precision));
  }

  #encode(name: string, data: TensorData): ArrayBufferView<ArrayBuffer> {
    return encode(data, (this.#graph.values[name] as Value).dtype, this.#parts.host.precision);
  }
}

/** The dispatch before which the next submission of about MACS_PER_SUBMISSION ends. */
function submissionEnd({ plan, dispatches }: Program, from: number): number {
  let macs = 0;
  let to = from;
  while (to < dispatches.length && macs < MACS_PER_SUBMISSION) {
    const node = plan.nodes[dispatches[to]?.node as number];
    macs += (node?.macs ?? 0) / Math.max(1, node?.steps.length ?? 1);
    to++;
  }
  return to;
}
