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
  #starting: Promise<void> | undefined;
  #threads: Threads | undefined;
  #over = false;

  /** `control`: address of the control block; `size`: workers at most. */
  constructor(module: WebAssembly.Module, memory: LinearMemory, run: RunSteps, control: number, size: number) {
    this.#module = module;
    this.#memory = memory;
    this.#run = run;
    this.#control = control;
    this.#helpers = size - 1;
  }

  /** Whether there are helpers. */
  get helped(): boolean {
    return this.#threads !== undefined;
  }

  /** Why there are no helpers although they were needed; undefined as long as none was refused. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Starts helpers, if that was not done before; where one is refused there are none. */
  start(): void {
    this.#starting ??= startThreads(this.#helpers, { module: this.#module, memory: this.#memory.memory, control: this.#control }).then(
      (threads) => {
        this.#threads = threads;
        if (this.#over) threads.terminate();
      },
      (error: Error) => {
        this.#refusal = error.message;
      },
    );
  }

  /** Waits for helpers that were started. */
  async gather(): Promise<void> {
    await this.#starting;
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
    this.#tell("abort");
  }

  /** Ends the helpers; no run may be on. */
  quit(): void {
    this.#tell("quit");
    const generation = this.#index("generation");
    Atomics.add(this.#memory.ints, generation, 2);
    Atomics.notify(this.#memory.ints, generation);
    this.#threads?.terminate();
    this.#over = true;
  }

  /** For the next run: helpers read it after the run's first atomic operation. */
  #set(field: ControlField, value: number): void {
    this.#memory.ints[this.#index(field)] = value;
  }

  /** For helpers at work. */
  #tell(field: ControlField): void {
    Atomics.store(this.#memory.ints, this.#index(field), 1);
  }

  #index(field: ControlField): number {
    return this.#control / 4 + controlIndex[field];
  }
}
