/**
 * A graph on a device. Each batch size has a program (buffers, bind groups); a run writes the inputs, records the dispatches, submits them, and reads
 * the outputs back. A run's turn ends with its submission: the next one is recorded while the device still works.
 */
import { AbortedError, BackendError } from "../../errors.ts";
import { bindShape, type Graph, sizeOf, type Value } from "../../graph/graph.ts";
import { makePlan, type Plan } from "../../plan/plan.ts";
import { abortable } from "../abort.ts";
import type { CompileOptions, Executable, Explanation, NodeTime, RunOptions, TensorData, Tensors } from "../backend.ts";
import { bindInputs, bindOutputs, bindTensor, persistentValue } from "../inputs.ts";
import { Queue } from "../queue.ts";
import type { GpuHost } from "./device.ts";
import { DeviceMemory, type Range, type Reading } from "./device_memory.ts";
import type { Faults } from "./faults.ts";
import type { GpuFacts, GpuKernelSet } from "./lowering.ts";
import { decode, encode } from "./numbers.ts";
import type { Pipelines } from "./pipelines.ts";
import { type Program, ProgramBuilder, planDispatches } from "./program.ts";
import { byteOffset, elementBytes } from "./slots.ts";
import { Submissions } from "./submission.ts";
import { alignUp, USAGE } from "./usage.ts";

/** Programs that are kept for batch sizes seen before. */
const MAX_PROGRAMS = 4;

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
  readonly #submissions: Submissions;
  readonly #kept: ReturnType<DeviceMemory["group"]>;
  readonly #persistent = new Map<string, GPUBuffer>();
  readonly #programs = new Map<string, Program>();
  readonly #queue = new Queue();
  readonly #first: Plan;
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
      await executable.#queue.add(() => executable.#load(options), options.signal);
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
    this.#submissions = new Submissions(parts.host.device, parts.faults);
    this.#kept = this.#memory.group();
  }

  async run(inputs: Tensors, options: RunOptions = {}): Promise<Record<string, TensorData>> {
    const { outputs = this.#graph.outputs, signal } = options;
    const { results } = await this.#enqueue(async () => {
      const program = await this.#prepare(inputs, outputs);
      const { reading, arrive } = await this.#fetch(outputs, program);
      try {
        await this.#submissions.turn();
        this.#give(program, inputs);
        await this.#submissions.run(program, reading, signal);
      } catch (error) {
        reading?.cancel();
        throw error;
      }
      return { results: arrive() };
    }, signal);
    const data = await abortable(results, "the run", signal);
    return Object.fromEntries(outputs.map((name, i) => [name, data[i] as TensorData]));
  }

  profile(inputs: Tensors): Promise<NodeTime[]> {
    return this.#enqueue(async () => {
      const program = await this.#prepare(inputs, this.#graph.outputs);
      this.#give(program, inputs);
      // few apps measure: they load it when they do
      const { timeNodes } = await import("./profile.ts");
      const ms = await timeNodes(this.#parts.host.device, this.#parts.faults, program);
      return program.plan.nodes.map(({ node, macs }, i) => ({ name: node.name, op: node.op, ms: ms[i] as number, macs }));
    });
  }

  /** Its turn ends when the copy is ordered: runs that follow do not wait for the numbers to arrive. */
  async read(name: string): Promise<TensorData> {
    const { results } = await this.#enqueue(async () => {
      persistentValue(this.#graph, name);
      const { reading, arrive } = await this.#fetch([name], await this.#use());
      this.#submissions.give((encoder) => reading?.record(encoder));
      return { results: arrive() };
    });
    return (await results)[0] as TensorData;
  }

  write(name: string, data: TensorData): Promise<void> {
    return this.#enqueue(async () => this.#parts.faults.watch(() => this.#store(name, data)));
  }

  explain(): Explanation {
    const { host, why } = this.#parts;
    return {
      backend: "webgpu",
      why,
      adapter: host.adapter.name,
      precision: host.precision,
      ...(host.precisionWhy !== undefined && { precisionWhy: host.precisionWhy }),
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

  async #load({ tensors, onProgress }: CompileOptions): Promise<void> {
    await this.#allocate();
    this.#parts.faults.watch(() => {
      for (const [name, data] of Object.entries(tensors)) this.#store(name, data);
    });
    // an op without a shader, pipelines and memory are seen to now, not at the first run
    await this.#use(1, this.#graph.outputs, onProgress);
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

  /** Makes the program for these inputs current. */
  async #prepare(inputs: Tensors, outputs: readonly string[]): Promise<Program> {
    const { batch } = bindInputs(this.#graph, inputs);
    bindOutputs(this.#graph, outputs);
    return this.#use(batch, outputs);
  }

  #give(program: Program, inputs: Tensors): void {
    this.#parts.faults.watch(() => {
      for (const name of this.#graph.inputs) {
        const { buffer, offset } = program.locate(name);
        this.#kept.write(buffer, this.#encode(name, inputs[name] as TensorData), offset);
      }
    });
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

  /** Makes room for values to be copied out of the device's memory; `arrive`, called once the copy is submitted, waits for them. */
  async #fetch(names: readonly string[], program: Program): Promise<{ reading: Reading | undefined; arrive: () => Promise<TensorData[]> }> {
    if (names.length === 0) return { reading: undefined, arrive: async () => [] };
    const { precision } = this.#parts.host;
    const types = names.map((name) => (this.#graph.values[name] as Value).dtype);
    const ranges = names.map((name, i): Range => {
      const size = sizeOf(bindShape((this.#graph.values[name] as Value).shape, program.plan.batch));
      return { ...program.locate(name), bytes: size * elementBytes(types[i] ?? "f32", precision) };
    });
    const reading = await this.#memory.reading(ranges);
    const arrive = async (): Promise<TensorData[]> => {
      const bytes = await this.#alive(reading.bytes());
      this.#assertAlive();
      return bytes.map((data, i) => decode(data, types[i] ?? "f32", precision));
    };
    return {
      reading,
      arrive: () => {
        const arriving = arrive();
        // a run that is aborted meanwhile hears nothing of it
        arriving.catch(() => {});
        return arriving;
      },
    };
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
