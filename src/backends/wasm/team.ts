/** The workers of one memory: this thread, which is worker 0, and helpers that are started when they are first needed. */
import { type ControlField, controlIndex } from "./control.ts";
import type { LinearMemory } from "./linear_memory.ts";
import { startThreads, type Threads } from "./threads.ts";

type RunSteps = (control: number) => void;

export interface Assignment {
  /** How many workers take part, worker 0 included. */
  readonly workers: number;
  /** Address of the program, and of worker 0's scratch memory with the distance to the next one's. */
  readonly program: number;
  readonly scratch: number;
  readonly scratchStride: number;
}

export class Team {
  readonly #module: WebAssembly.Module;
  readonly #memory: LinearMemory;
  readonly #control: number;
  readonly #helpers: number;
  readonly #run: RunSteps;
  #refusal: string | undefined;
  #threads: Threads | undefined;

  /** `control`: address of the control block; `size`: workers at most. */
  constructor(module: WebAssembly.Module, memory: LinearMemory, run: RunSteps, control: number, size: number) {
    this.#module = module;
    this.#memory = memory;
    this.#run = run;
    this.#control = control;
    this.#helpers = size - 1;
  }

  /** Why there are no helpers although they were needed; undefined as long as none was refused. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Starts helpers if this is the first run that needs them: a small model at batch 1 never pays for threads. Where one is refused there are none. */
  async prepare(): Promise<void> {
    if (this.#threads || this.#refusal !== undefined) return;
    try {
      this.#threads = await startThreads(this.#helpers, { module: this.#module, memory: this.#memory.memory, control: this.#control });
    } catch (error) {
      this.#refusal = (error as Error).message;
    }
  }

  /** Makes the assignment the one that `run` works on. */
  assign({ workers, program, scratch, scratchStride }: Assignment): void {
    this.#set("abort", 0);
    this.#set("workers", workers);
    this.#set("program", program);
    this.#set("scratch", scratch);
    this.#set("scratchStride", scratchStride);
  }

  /** Runs steps from … to − 1; returns when they are done, or has seen the abort flag between two steps. */
  run(from: number, to: number): void {
    if (from === to) return;
    this.#set("step", from);
    this.#set("to", to);
    this.#run(this.#control);
  }

  /** Makes a run that is on stop between two steps. */
  abort(): void {
    this.#set("abort", 1);
  }

  /** Ends the helpers; no run may be on. */
  quit(): void {
    this.#set("quit", 1);
    const generation = this.#index("generation");
    Atomics.add(this.#memory.ints, generation, 2);
    Atomics.notify(this.#memory.ints, generation);
    this.#threads?.terminate();
    this.#threads = undefined;
  }

  #set(field: ControlField, value: number): void {
    Atomics.store(this.#memory.ints, this.#index(field), value);
  }

  #index(field: ControlField): number {
    return this.#control / 4 + controlIndex[field];
  }
}
