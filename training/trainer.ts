/**
 * Trains a network: steps through batches, reads loss and accuracy now and then, validates, saves checkpoints.
 * Same build, engine and seed: the same bits, also after resuming from a checkpoint, in the middle of an epoch too.
 */
import type { Explanation } from "../src/backends/backend.ts";
import { nextTask } from "../src/backends/queue.ts";
import { isLost } from "../src/backends/recovery.ts";
import { AbortedError, InputError, ModelError } from "../src/errors.ts";
import { type Graph, type TensorData, type Tensors, valuesOf } from "../src/graph/graph.ts";
import { readSource } from "../src/source.ts";
import { type Position, writeCheckpoint } from "./checkpoint.ts";
import { writeWhole } from "./checkpoint_file.ts";
import type { Batch, BatchSource } from "./data/dataset.ts";
import type { EpochEvent, RecoveredEvent, Slopes, StepEvent, TrainerEvent } from "./events.ts";
import { type BatchReader, checkLabels, classesOf, type SplitName } from "./feed.ts";
import { LABELS, NO_SUMS, type Score, type Sums, scoreOf, TOTALS } from "./losses.ts";
import { type Optimizer, optimizerFrom } from "./optimizers.ts";
import { slopeNames } from "./parameters.ts";
import { Pending } from "./pending.ts";
import type { Recipe } from "./recipe.ts";
import { Stage } from "./stage.ts";
import type { ResumeOptions, TrainerOptions } from "./trainer_options.ts";
import { continuedRun, newRun, type Parts, type TrainedModel } from "./trainer_setup.ts";
import { type TrainingGraph, trainingGraph } from "./training_graph.ts";

export interface RunSignal {
  /** Stops between two steps. A training then saves a checkpoint, where one is configured, before it rejects with AbortedError. */
  readonly signal?: AbortSignal;
}

/** One training, from its first step (`create`) or from a checkpoint (`resume`) to the end of its recipe (`run`). Dispose of it. */
export class Trainer {
  readonly recipe: Recipe;
  readonly #parts: Parts;
  readonly #optimizer: Optimizer;
  readonly #training: TrainingGraph;
  readonly #stage: Stage;
  readonly #classes: number;
  /** A reading of loss and accuracy that is under way. */
  #reading: Pending<StepEvent> | undefined;
  #position: Position;
  #reader: BatchReader | undefined;
  #running = false;
  #lastSave = performance.now();

  /**
   * Builds and compiles the training graph. Throws InputError (options, data that does not fit), GraphError (a network that cannot be trained) and
   * what the backend's `compile` throws.
   */
  static async create(options: TrainerOptions): Promise<Trainer> {
    return Trainer.#compile(newRun(options));
  }

  /**
   * Goes on from a checkpoint (bytes, an address, or a path in Node) to the bits of an uninterrupted run. Throws ModelError for a file that is no checkpoint,
   * InputError where the data is not what it was.
   */
  static async resume(checkpoint: Uint8Array | ArrayBuffer | string, options: ResumeOptions): Promise<Trainer> {
    const file = typeof checkpoint === "string" ? await readSource(checkpoint, {}) : checkpoint;
    return Trainer.#compile(continuedRun(file, options));
  }

  static async #compile(parts: Parts): Promise<Trainer> {
    const { model, recipe, settings, state } = parts;
    const optimizer = optimizerFrom(recipe.optimizer);
    const training = trainingGraph(model.graph, { groups: recipe.groups, optimizer, labelSmoothing: recipe.labelSmoothing });
    const weights = Object.fromEntries(networkTensors(model.graph).map((name) => [name, tensorOf(model.tensors, name)]));
    const begin = { position: parts.position, tensors: { ...weights, ...state } };
    const stage = await Stage.create({ training, recipe, network: model.graph }, settings.backend, begin);
    return new Trainer(parts, optimizer, training, stage);
  }

  private constructor(parts: Parts, optimizer: Optimizer, training: TrainingGraph, stage: Stage) {
    this.recipe = parts.recipe;
    this.#parts = parts;
    this.#position = parts.position;
    this.#optimizer = optimizer;
    this.#training = training;
    this.#stage = stage;
    this.#classes = classesOf(parts.model.graph);
  }

  /** Updates done and epochs finished. */
  get position(): { readonly step: number; readonly epoch: number } {
    return { step: this.#position.step, epoch: this.#position.epoch };
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
    yield { kind: "start", step: this.#position.step, steps, epochs, stepsPerEpoch, slopes: await this.slopes() };
    for (let done = false; !done; ) {
      try {
        yield* this.#epochs(signal);
        yield* this.#save();
        await this.#stage.copy(this.#position);
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
    while (this.#position.step < steps || this.#position.inEpoch > 0) {
      const start = performance.now();
      yield* this.#steps(signal);
      yield await this.#endEpoch(start, signal);
      if (this.#position.step < steps) yield* this.#save();
    }
  }

  /** The rest of the epoch under way, or of the run if that ends sooner. */
  async *#steps(signal: AbortSignal | undefined): AsyncGenerator<TrainerEvent, void, void> {
    const { steps, stepsPerEpoch = Number.POSITIVE_INFINITY, readEvery } = this.recipe;
    const { step: total, epoch, inEpoch } = this.#position;
    const { feed, random } = this.#parts;
    this.#reader ??= await feed.open({ epoch, random: random.fork(`epoch ${epoch}`) }, { inEpoch, total });
    let since = performance.now();
    while (this.#position.step < steps && this.#position.inEpoch < stepsPerEpoch) {
      if (signal?.aborted) throw new AbortedError("the training", { cause: signal.reason });
      const batch = await this.#reader.next();
      if (!batch) break;
      const rate = await this.#step(batch);
      if (this.#position.step % readEvery === 0) {
        yield* this.#settled();
        this.#reading = new Pending(this.#read(rate, since));
        since = performance.now();
      }
      await nextTask();
      if (this.#reading?.isSettled) yield* this.#settled();
      if (!this.#reading) this.#stage.offerCopy(this.#position);
      if (this.#isSaveDue()) {
        yield* this.#settled();
        yield* this.#save();
      }
    }
    yield* this.#settled();
    if (this.#position.inEpoch === 0) {
      const remedy = "a generator can be walked once only: give an array, or a function that makes one";
      throw new InputError("E_INPUT", `the data gave no batch in epoch ${epoch + 1}; ${remedy}`);
    }
    await this.#reader.close();
    this.#reader = undefined;
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
    const { step, epoch } = this.#position;
    const seconds = (performance.now() - since) / 1000;
    const score = scoreOf(await this.#readMeter());
    return { kind: "step", step, steps: this.recipe.steps, epoch: epoch + 1, ...score, rate, seconds };
  }

  /** Goes back to the last copy of the run, on another device or backend. Throws `error` where there is none. */
  async #recover(error: unknown): Promise<RecoveredEvent> {
    const lostAt = this.#position.step;
    const { position, ...on } = await this.#stage.recover(error);
    await this.#reader?.close();
    this.#reader = undefined;
    this.#reading = undefined;
    this.#position = position;
    return { kind: "recovered", step: position.step, lostAt, ...on };
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

  /** One update; returns its rate. */
  async #step(batch: Batch): Promise<number> {
    checkLabels(batch, this.#classes);
    const { step, inEpoch } = this.#position;
    const factor = this.#parts.schedule.factor(step, this.recipe.steps);
    const inputs: Record<string, TensorData> = { [this.#parts.model.graph.inputs[0] as string]: batch.images, [LABELS]: batch.labels };
    for (const { hyper, group } of this.#training.blocks) inputs[hyper] = Float32Array.from(this.#optimizer.hyper(step, factor, group));
    // no signal: an abort in the middle of a step would leave statistics moved and weights not
    await this.#stage.executable.run(inputs, { outputs: [] });
    this.#position = { ...this.#position, step: step + 1, inEpoch: inEpoch + 1 };
    return this.recipe.optimizer.rate * factor;
  }

  /** Moves what the device has summed into the epoch's sums. */
  async #readMeter(): Promise<Sums> {
    const taken = await this.#stage.meter.take(this.#position);
    const { loss, hits, count } = this.#position.sums;
    this.#position = { ...this.#position, sums: { loss: loss + taken.loss, hits: hits + taken.hits, count: count + taken.count } };
    return taken;
  }

  async #endEpoch(start: number, signal: AbortSignal | undefined): Promise<EpochEvent> {
    await this.#readMeter();
    const { step, sums } = this.#position;
    const { steps, epochs, validateEvery } = this.recipe;
    const epoch = this.#position.epoch + 1;
    const due = validateEvery > 0 && (epoch % validateEvery === 0 || step === steps);
    const split = due ? this.#parts.feed.split("validation") : undefined;
    const validation = split && (await this.evaluate(split, { signal }));
    // only now: an abort during validation leaves the epoch to be ended by the run that goes on
    this.#position = { step, epoch, inEpoch: 0, sums: NO_SUMS };
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
    return this.#surely(() => this.#stage.evaluate(tensors, source, options.signal));
  }

  /** A copy of the network's tensors as they are now. */
  async tensors(): Promise<Tensors> {
    return this.#surely(() => this.#stage.read(networkTensors(this.#parts.model.graph)));
  }

  /** The network as it is now, ready to be cut, packed or written: with the data set's preprocessing and class names where it had none. */
  async model(): Promise<TrainedModel> {
    return { ...this.#parts.model, tensors: await this.tensors() };
  }

  async slopes(): Promise<Slopes> {
    return (await this.#surely(() => this.#stage.read(slopeNames(this.#parts.model.graph)))) as Slopes;
  }

  /** The run as it stands, as a file from which `Trainer.resume` goes on. Throws TrainingError E_DIVERGED rather than save what is no number. */
  async checkpoint(): Promise<Uint8Array> {
    await this.#reading?.value;
    return this.#surely(() => this.#checkpoint());
  }

  async #checkpoint(): Promise<Uint8Array> {
    // peek: the totals stay on the device, so that saving changes nothing
    const totals = await this.#stage.meter.peek(this.#position);
    const moments = await this.#stage.read(this.#training.blocks.flatMap((block) => Object.values(block.moments)));
    const { random } = this.#parts;
    const model = await this.model();
    const state = { ...moments, [TOTALS]: totals };
    try {
      return writeCheckpoint({ model, state, recipe: this.recipe, position: this.#position, random: random.state() });
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== "E_NOT_FINITE") throw error;
      throw this.#stage.meter.diverged(this.#position, "a weight became infinite or NaN", { cause: error });
    }
  }

  /** On which backend the training runs, and why. */
  explain(): Explanation {
    return this.#stage.executable.explain();
  }

  /** Frees the memory; the backend stays. */
  dispose(): void {
    void this.#reader?.close();
    this.#stage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #isSaveDue(): boolean {
    const { everySteps, everySeconds = Number.POSITIVE_INFINITY } = this.#parts.settings.checkpoint ?? {};
    if (everySteps !== undefined && this.#position.step % everySteps === 0) return true;
    return performance.now() - this.#lastSave >= 1000 * everySeconds;
  }

  async *#save(): AsyncGenerator<TrainerEvent, void, void> {
    const { path, save } = this.#parts.settings.checkpoint ?? {};
    if (path === undefined && !save) return;
    const bytes = await this.checkpoint();
    if (path !== undefined) await writeWhole(path, bytes);
    await save?.(bytes);
    this.#lastSave = performance.now();
    yield { kind: "checkpoint", step: this.#position.step, bytes: bytes.length };
  }
}

const networkTensors = (graph: Graph): string[] => valuesOf(graph, "param", "state").map((value) => value.name);

function tensorOf(tensors: Tensors, name: string): TensorData {
  const data = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (!data) throw new InputError("E_INPUT", `the model has no data for "${name}"; give all tensors, such as those of init()`);
  return data;
}
