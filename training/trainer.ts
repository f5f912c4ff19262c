/**
 * Trains a network: steps through batches, reads loss and accuracy now and then, validates, saves checkpoints.
 * Same build, engine and seed: the same bits, also after resuming from a checkpoint, in the middle of an epoch too.
 */
import type { Explanation } from "../src/backends/backend.ts";
import { nextTask } from "../src/backends/queue.ts";
import { isLost } from "../src/backends/recovery.ts";
import { AbortedError, InputError } from "../src/errors.ts";
import type { Tensors } from "../src/graph/graph.ts";
import { readSource } from "../src/source.ts";
import type { BatchSource } from "./data/dataset.ts";
import type { EpochEvent, RecoveredEvent, Slopes, StepEvent, TrainerEvent } from "./events.ts";
import type { SplitName } from "./feed.ts";
import { type Score, scoreOf } from "./losses.ts";
import { Pending } from "./pending.ts";
import type { Recipe } from "./recipe.ts";
import { Run } from "./run.ts";
import { Saving } from "./saving.ts";
import type { ResumeOptions, TrainerOptions } from "./trainer_options.ts";
import { continuedRun, newRun, type Parts, type TrainedModel } from "./trainer_setup.ts";

export interface RunSignal {
  /** Stops between two steps. A training then saves a checkpoint, where one is configured, before it rejects with AbortedError. */
  readonly signal?: AbortSignal;
}

/** One training, from its first step (`create`) or from a checkpoint (`resume`) to the end of its recipe (`run`). Dispose of it. */
export class Trainer {
  readonly recipe: Recipe;
  readonly #parts: Parts;
  readonly #run: Run;
  readonly #saving: Saving;
  /** A reading of loss and accuracy that is under way. */
  #reading: Pending<StepEvent> | undefined;
  #running = false;

  /**
   * Builds and compiles the training graph. Throws InputError (options, data that does not fit), GraphError (a network that cannot be trained) and
   * what the backend's `compile` throws.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    return Trainer.#open(newRun(options));
  }

  /**
   * Goes on from a checkpoint (bytes, an address, or a path in Node) to the bits of an uninterrupted run. Throws ModelError for a file that is no checkpoint,
   * InputError where the data is not what it was.
   */
  static async resume(checkpoint: Uint8Array | ArrayBuffer | string, options: ResumeOptions): Promise<Trainer> {
    const file = typeof checkpoint === "string" ? await readSource(checkpoint, {}) : checkpoint;
    return Trainer.#open(continuedRun(file, options));
  }

  static async #open(parts: Parts): Promise<Trainer> {
    return new Trainer(parts, await Run.create(parts));
  }

  private constructor(parts: Parts, run: Run) {
    this.recipe = parts.recipe;
    this.#parts = parts;
    this.#run = run;
    this.#saving = new Saving(parts.settings.checkpoint);
  }

  /** Updates done and epochs finished. */
  get position(): { readonly step: number; readonly epoch: number } {
    const { step, epoch } = this.#run.position;
    return { step, epoch };
  }

  /**
   * Trains to the end of the recipe. Throws TrainingError E_DIVERGED when the loss is no number any more, AbortedError, ModelError E_IO where a
   * checkpoint cannot be written (the last one stays), InputError for batches that do not fit.
   */
  async run(options: RunSignal = {}): Promise<void> {
    for await (const _ of this.events(options)) {
      // told to onEvent
    }
  }

  /** The same, one event after another; training goes on only while they are asked for, and may be taken up again where it was left. */
  async *events({ signal }: RunSignal = {}): AsyncGenerator<TrainerEvent, void, void> {
    if (this.#running) throw new InputError("E_INPUT", "this trainer is running already; wait for it, or make another");
    this.#running = true;
    try {
      for await (const event of this.#train(signal)) {
        this.#parts.settings.onEvent?.(event);
        yield event;
      }
    } finally {
      this.#running = false;
    }
  }

  async *#train(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void, void> {
    const { steps, epochs, stepsPerEpoch } = this.recipe;
    yield { kind: "start", step: this.#run.position.step, steps, epochs, stepsPerEpoch, slopes: await this.slopes() };
    for (let done = false; !done; ) {
      try {
        yield* this.#epochs(signal);
        yield* this.#save();
        await this.#run.copy();
        done = true;
      } catch (error) {
        if (isLost(error)) yield await this.#recover(error);
        else {
          if (error instanceof AbortedError) yield* this.#save();
          throw error;
        }
      }
    }
    yield { kind: "done", ...this.position };
  }

  async *#epochs(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void, void> {
    const { steps } = this.recipe;
    while (this.#run.position.step < steps || this.#run.position.inEpoch > 0) {
      const start = performance.now();
      yield* this.#steps(signal);
      yield await this.#endEpoch(start, signal);
      if (this.#run.position.step < steps) yield* this.#save();
    }
  }

  /** The rest of the epoch under way, or of the run if that ends sooner. */
  async *#steps(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void, void> {
    const { steps, stepsPerEpoch = Number.POSITIVE_INFINITY, readEvery } = this.recipe;
    const { epoch } = this.#run.position;
    await this.#run.openData();
    let since = performance.now();
    while (this.#run.position.step < steps && this.#run.position.inEpoch < stepsPerEpoch) {
      if (signal?.aborted) throw new AbortedError("the training", { cause: signal.reason });
      const batch = await this.#run.nextBatch();
      if (!batch) break;
      const rate = await this.#run.step(batch);
      if (this.#run.position.step % readEvery === 0) {
        yield* this.#settled();
        this.#reading = new Pending(this.#read(rate, since));
        since = performance.now();
      }
      await nextTask();
      if (this.#reading?.isSettled) yield* this.#settled();
      if (!this.#reading) this.#run.offerCopy();
      if (this.#saving.isDue(this.#run.position.step)) {
        yield* this.#settled();
        yield* this.#save();
      }
    }
    yield* this.#settled();
    if (this.#run.position.inEpoch === 0) {
      const remedy = "a generator can be walked once only: give an array, or a function that makes one";
      throw new InputError("E_INPUT", `the data gave no batch in epoch ${epoch + 1}; ${remedy}`);
    }
    await this.#run.closeData();
  }

  /** Waits for the reading under way, if there is one, and tells of it. */
  async *#settled(): AsyncGenerator<StepEvent, void, void> {
    const reading = this.#reading;
    if (!reading) return;
    const event = await reading.value;
    this.#reading = undefined;
    yield event;
  }

  /** Orders a reading as of now; the device may be some steps behind, and further steps follow meanwhile. */
  async #read(rate: number, since: number): Promise<StepEvent> {
    const { step, epoch } = this.#run.position;
    const seconds = (performance.now() - since) / 1000;
    const score = scoreOf(await this.#run.readMeter());
    return { kind: "step", step, steps: this.recipe.steps, epoch: epoch + 1, ...score, rate, seconds };
  }

  async #recover(error: unknown): Promise<RecoveredEvent> {
    const event = await this.#run.recover(error);
    this.#reading = undefined;
    return event;
  }

  /** Reads from the device; where that was lost meanwhile, from the one that takes its place. */
  async #surely<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // within a run, the run itself goes back and tells
      if (!isLost(error) || this.#running) throw error;
      const event = await this.#recover(error);
      this.#parts.settings.onEvent?.(event);
      return work();
    }
  }

  async #endEpoch(start: number, signal: AbortSignal | undefined): Promise<EpochEvent> {
    await this.#run.readMeter();
    const { step, sums } = this.#run.position;
    const { steps, epochs, validateEvery } = this.recipe;
    const epoch = this.#run.position.epoch + 1;
    const due = validateEvery > 0 && (epoch % validateEvery === 0 || step === steps);
    const split = due ? this.#parts.feed.split("validation") : undefined;
    const validation = split && (await this.evaluate(split, { signal }));
    // only now: an abort during validation leaves the epoch to be ended by the run that goes on
    this.#run.endEpoch();
    const seconds = (performance.now() - start) / 1000;
    return { kind: "epoch", epoch, epochs, step, steps, train: scoreOf(sums), validation, slopes: await this.slopes(), seconds };
  }

  /**
   * Loss and accuracy with the weights as they are now, in inference form: of a split, or of any batches. Throws InputError E_INPUT for a split that
   * is empty or not given.
   */
  async evaluate(what: SplitName | BatchSource, options: RunSignal = {}): Promise<Score> {
    const source = typeof what === "string" ? this.#parts.feed.split(what) : what;
    if (!source) throw new InputError("E_INPUT", `the data has no ${String(what)} images`);
    const tensors = await this.tensors();
    return this.#surely(() => this.#run.evaluate(tensors, source, options.signal));
  }

  /** A copy of the network's tensors as they are now. */
  async tensors(): Promise<Tensors> {
    return this.#surely(() => this.#run.tensors());
  }

  /** The network as it is now, ready to be cut, packed or written: with the data set's preprocessing and class names where it had none. */
  async model(): Promise<TrainedModel> {
    return { ...this.#parts.model, tensors: await this.tensors() };
  }

  async slopes(): Promise<Slopes> {
    return this.#surely(() => this.#run.slopes());
  }

  /** The run as it stands, as a file from which `Trainer.resume` goes on. Throws TrainingError E_DIVERGED rather than save what is no number. */
  async checkpoint(): Promise<Uint8Array> {
    await this.#reading?.value;
    return this.#surely(() => this.#run.checkpoint());
  }

  /** On which backend the training runs, and why. */
  explain(): Explanation {
    return this.#run.explain();
  }

  /** Frees the memory; the backend stays. */
  dispose(): void {
    this.#run.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async *#save(): AsyncGenerator<TrainerEvent, void, void> {
    if (!this.#saving.isWanted) return;
    const bytes = await this.checkpoint();
    await this.#saving.save(bytes);
    yield { kind: "checkpoint", step: this.#run.position.step, bytes: bytes.length };
  }
}
