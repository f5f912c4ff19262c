/**
 * A run of a recipe on its device: where it stands between two steps, and all that moves it: updates, sums read from the device, ends of epochs, the way
 * back to the last copy. The order in which these happen, and what is told of them, is Trainer's matter.
 */
import type { Explanation } from "../src/backends/backend.ts";
import { InputError, ModelError } from "../src/errors.ts";
import { type Graph, type TensorData, type Tensors, valuesOf } from "../src/graph/graph.ts";
import { type Position, writeCheckpoint } from "./checkpoint.ts";
import type { Batch, BatchSource } from "./data/dataset.ts";
import type { RecoveredEvent, Slopes } from "./events.ts";
import { type BatchReader, checkLabels, classesOf } from "./feed.ts";
import { LABELS, NO_SUMS, type Score, type Sums, TOTALS } from "./losses.ts";
import { type Optimizer, optimizerFrom } from "./optimizers.ts";
import { slopeNames } from "./parameters.ts";
import { Stage } from "./stage.ts";
import type { Parts, TrainedModel } from "./trainer_setup.ts";
import { type TrainingGraph, trainingGraph } from "./training_graph.ts";

export class Run {
  readonly #parts: Parts;
  readonly #optimizer: Optimizer;
  readonly #training: TrainingGraph;
  readonly #stage: Stage;
  readonly #classes: number;
  #position: Position;
  #reader: BatchReader | undefined;

  /** Builds and compiles the training graph. Throws InputError, GraphError and what the backend's `compile` throws. */
  static async create(parts: Parts): Promise<Run> {
    const { model, recipe, settings, state } = parts;
    const optimizer = optimizerFrom(recipe.optimizer);
    const training = trainingGraph(model.graph, { groups: recipe.groups, optimizer, labelSmoothing: recipe.labelSmoothing });
    const weights = Object.fromEntries(networkTensors(model.graph).map((name) => [name, tensorOf(model.tensors, name)]));
    const begin = { position: parts.position, tensors: { ...weights, ...state } };
    const stage = await Stage.create({ training, recipe, network: model.graph }, settings.backend, begin);
    return new Run(parts, optimizer, training, stage);
  }

  private constructor(parts: Parts, optimizer: Optimizer, training: TrainingGraph, stage: Stage) {
    this.#parts = parts;
    this.#position = parts.position;
    this.#optimizer = optimizer;
    this.#training = training;
    this.#stage = stage;
    this.#classes = classesOf(parts.model.graph);
  }

  get position(): Position {
    return this.#position;
  }

  /** Opens the data where the run stands in its epoch, unless it is open. */
  async openData(): Promise<void> {
    const { feed, random } = this.#parts;
    const { step: total, epoch, inEpoch } = this.#position;
    this.#reader ??= await feed.open({ epoch, random: random.fork(`epoch ${epoch}`) }, { inEpoch, total });
  }

  /** The next batch of the epoch; undefined where the data ends, or is not open. */
  async nextBatch(): Promise<Batch | undefined> {
    return this.#reader?.next();
  }

  async closeData(): Promise<void> {
    await this.#reader?.close();
    this.#reader = undefined;
  }

  /** One update; returns its rate. */
  async step(batch: Batch): Promise<number> {
    const { model, recipe, schedule } = this.#parts;
    checkLabels(batch, this.#classes);
    const { step, inEpoch } = this.#position;
    const factor = schedule.factor(step, recipe.steps);
    const inputs: Record<string, TensorData> = { [model.graph.inputs[0] as string]: batch.images, [LABELS]: batch.labels };
    for (const { hyper, group } of this.#training.blocks) inputs[hyper] = Float32Array.from(this.#optimizer.hyper(step, factor, group));
    // no signal: an abort in the middle of a step would leave statistics moved and weights not
    await this.#stage.executable.run(inputs, { outputs: [] });
    this.#position = { ...this.#position, step: step + 1, inEpoch: inEpoch + 1 };
    return recipe.optimizer.rate * factor;
  }

  /** Moves what the device has summed into the epoch's sums. */
  async readMeter(): Promise<Sums> {
    const taken = await this.#stage.meter.take(this.#position);
    const { loss, hits, count } = this.#position.sums;
    this.#position = { ...this.#position, sums: { loss: loss + taken.loss, hits: hits + taken.hits, count: count + taken.count } };
    return taken;
  }

  endEpoch(): void {
    const { step, epoch } = this.#position;
    this.#position = { step, epoch: epoch + 1, inEpoch: 0, sums: NO_SUMS };
  }

  /** Orders a copy of the run for its recovery, where it may need one and the last is old. */
  offerCopy(): void {
    this.#stage.offerCopy(this.#position);
  }

  async copy(): Promise<void> {
    await this.#stage.copy(this.#position);
  }

  /** Goes back to the last copy of the run, on another device or backend. Throws `error` where there is none. */
  async recover(error: unknown): Promise<RecoveredEvent> {
    const lostAt = this.#position.step;
    const { position, ...on } = await this.#stage.recover(error);
    await this.closeData();
    this.#position = position;
    return { kind: "recovered", step: position.step, lostAt, ...on };
  }

  /** A copy of the network's tensors as they are now. */
  tensors(): Promise<Tensors> {
    return this.#stage.read(networkTensors(this.#parts.model.graph));
  }

  async slopes(): Promise<Slopes> {
    return (await this.#stage.read(slopeNames(this.#parts.model.graph))) as Slopes;
  }

  /** Loss and accuracy of the network with these weights, in inference form. */
  evaluate(tensors: Tensors, source: BatchSource, signal: AbortSignal | undefined): Promise<Score> {
    return this.#stage.evaluate(tensors, source, signal);
  }

  /** The run as it stands, as a file. Throws TrainingError E_DIVERGED rather than save what is no number. */
  async checkpoint(): Promise<Uint8Array> {
    // peek: the totals stay on the device, so that saving changes nothing
    const totals = await this.#stage.meter.peek(this.#position);
    const moments = await this.#stage.read(this.#training.blocks.flatMap((block) => Object.values(block.moments)));
    const { recipe, random } = this.#parts;
    const model: TrainedModel = { ...this.#parts.model, tensors: await this.tensors() };
    const state = { ...moments, [TOTALS]: totals };
    try {
      return writeCheckpoint({ model, state, recipe, position: this.#position, random: random.state() });
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
}

const networkTensors = (graph: Graph): string[] => valuesOf(graph, "param", "state").map((value) => value.name);

function tensorOf(tensors: Tensors, name: string): TensorData {
  const data = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (!data) throw new InputError("E_INPUT", `the model has no data for "${name}"; give all tensors, such as those of init()`);
  return data;
}
