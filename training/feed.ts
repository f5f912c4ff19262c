/** Where batches come from: a data set, or any iterable of the user's. */
import { InputError } from "../src/errors.ts";
import type { Graph } from "../src/graph/graph.ts";
import { batchCount, batches } from "./data/batches.ts";
import type { Batch, BatchSource, Dataset, Split } from "./data/dataset.ts";
import { logitsOf } from "./losses.ts";
import { Random } from "./random.ts";

/** What a function that opens the training data is told. */
export interface PassInfo {
  /** From 0. */
  readonly epoch: number;
  /** The epoch's own generator: drawing from nothing else makes runs repeat. */
  readonly random: Random;
}

/** Batches of the user's. Arrays and functions can be walked again for each epoch; a generator is walked once, over all epochs. */
export interface CustomData {
  readonly train: BatchSource | ((pass: PassInfo) => BatchSource);
  readonly validation?: BatchSource | (() => BatchSource);
  readonly test?: BatchSource | (() => BatchSource);
  /** Batches after which an epoch ends; the end of the data unless given. */
  readonly stepsPerEpoch?: number;
}

/** What a trainer takes: a data set, or batches of one's own. */
export type TrainingData = Dataset | CustomData;
/** The splits of a data set. */
export type SplitName = "train" | "validation" | "test";

export interface FeedOptions {
  readonly batchSize: number;
  readonly augment: { readonly flip: boolean; readonly crop: number };
  /** The network's own normalisation, where it has one. */
  readonly normalise?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

export const isDataset = (data: TrainingData): data is Dataset => "classNames" in data;

/** One walk through batches. */
export class BatchReader {
  readonly #source: BatchSource;
  readonly #iterator: Iterator<Batch> | AsyncIterator<Batch>;

  constructor(source: BatchSource) {
    this.#source = source;
    this.#iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** A generator, or another iterator that is its own source: it cannot be walked again. */
  get onceOnly(): boolean {
    return (this.#iterator as unknown) === this.#source;
  }

  async next(): Promise<Batch | undefined> {
    const { done, value } = await this.#iterator.next();
    return done ? undefined : value;
  }

  async skip(count: number): Promise<void> {
    for (let i = 0; i < count; i++) if (!(await this.next())) return;
  }

  /** Ends the walk. One that is possible once only stays open: the next epoch goes on with it. */
  async close(): Promise<void> {
    if (!this.onceOnly) await this.#iterator.return?.();
  }
}

/** Opens training data, epoch by epoch, and the other splits. */
export class Feed {
  readonly data: TrainingData;
  readonly #options: FeedOptions;
  #opened = false;

  constructor(data: TrainingData, options: FeedOptions) {
    this.data = data;
    this.#options = options;
  }

  /** Batches of an epoch, where that is known beforehand. */
  get stepsPerEpoch(): number | undefined {
    const { data } = this;
    if (!isDataset(data)) return data.stepsPerEpoch ?? (Array.isArray(data.train) ? data.train.length : undefined);
    return batchCount(data.train.count, this.#options.batchSize, this.#dropLast(data.train));
  }

  /** `done`: steps of this epoch and of the whole run that have been taken from the data already, by a run that this one continues. */
  async open(pass: PassInfo, done: { readonly inEpoch: number; readonly total: number }): Promise<BatchReader> {
    const { data } = this;
    if (!isDataset(data)) {
      const reader = new BatchReader(typeof data.train === "function" ? data.train(pass) : data.train);
      const goesOn = reader.onceOnly && typeof data.train !== "function";
      // such data stands where this process left it; after a restart it begins anew
      await reader.skip(goesOn ? (this.#opened ? 0 : done.total) : done.inEpoch);
      this.#opened = true;
      return reader;
    }
    const { batchSize: size, augment } = this.#options;
    const options = {
      size,
      shuffle: pass.random,
      augment: { ...augment, random: pass.random },
      dropLast: this.#dropLast(data.train),
      skip: done.inEpoch,
    };
    return new BatchReader(batches(data.train, this.#shaped(data), options));
  }

  /** A split in its own order, nothing left out; undefined where it is empty or not given. */
  split(name: SplitName): BatchSource | undefined {
    const { data } = this;
    if (isDataset(data))
      return data[name].count > 0 ? batches(data[name], this.#shaped(data), { size: this.#options.batchSize }) : undefined;
    if (name === "train") return typeof data.train === "function" ? data.train({ epoch: 0, random: new Random(0) }) : data.train;
    const source = data[name];
    return typeof source === "function" ? source() : source;
  }

  /** A last batch that is smaller would give poorer statistics to batch norms; only a split smaller than one batch is taken as it is. */
  #dropLast(split: Split): boolean {
    return split.count >= this.#options.batchSize;
  }

  #shaped(data: Dataset) {
    return { ...data, ...this.#options.normalise };
  }
}

/** Throws InputError E_INPUT where a data set's images or classes are not the network's. */
export function checkFit(graph: Graph, data: TrainingData): void {
  if (!isDataset(data)) return;
  const [, channels, height, width] = graph.values[graph.inputs[0] ?? ""]?.shape ?? [];
  if (channels !== data.channels || height !== data.height || width !== data.width) {
    const has = `${data.channels}×${data.height}×${data.width}`;
    throw new InputError(
      "E_INPUT",
      `the network takes ${channels}×${height}×${width} images, ${data.name} has ${has}; choose the data that it was made for`,
    );
  }
  const classes = graph.values[graph.outputs[0] ?? ""]?.shape[1];
  if (classes !== data.classNames.length) {
    throw new InputError(
      "E_INPUT",
      `the network tells ${classes} classes apart, ${data.name} has ${data.classNames.length}; choose the data that it was made for`,
    );
  }
}

export function classesOf(graph: Graph): number {
  return graph.values[logitsOf(graph)]?.shape[1] as number;
}

/** Throws InputError E_INPUT for labels that are no class: kernels would read beyond the logits. */
export function checkLabels({ labels }: Batch, classes: number): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label < 0 || label >= classes)
      throw new InputError("E_INPUT", `label ${label} of example ${i}: the network tells classes 0 to ${classes - 1} apart`);
  }
}
