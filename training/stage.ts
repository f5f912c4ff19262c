/**
 * Where a run computes: its backend and what is compiled on it. When a GPU is taken away the stage moves to another device or backend, with the last
 * copy of the run, and the trainer goes on from there.
 */
import type { Backend, BackendName, Executable } from "../src/backends/backend.ts";
import type { Graph, TensorData, Tensors } from "../src/graph/graph.ts";
import type { Position } from "./checkpoint.ts";
import type { BatchSource } from "./data/dataset.ts";
import { Evaluator } from "./evaluate.ts";
import type { Score } from "./losses.ts";
import { Meter } from "./meter.ts";
import type { Recipe } from "./recipe.ts";
import { type Snapshot, Snapshots } from "./snapshots.ts";
import type { TrainingGraph } from "./training_graph.ts";

export interface StageParts {
  readonly training: TrainingGraph;
  readonly recipe: Recipe;
  /** The network as it was given, for evaluation. */
  readonly network: Graph;
}

/** To where the run went back, and on what it goes on. */
export interface Recovery {
  readonly position: Position;
  readonly backend: BackendName;
  readonly why: string;
}

export class Stage {
  readonly #parts: StageParts;
  readonly #first: Backend;
  readonly #snapshots: Snapshots;
  #backend: Backend;
  #executable: Executable;
  #meter: Meter;
  #evaluator: Evaluator | undefined;

  /** Throws what the backend's `compile` throws. */
  static async create(parts: StageParts, backend: Backend, begin: Snapshot): Promise<Stage> {
    return new Stage(parts, backend, begin, await backend.compile(parts.training.graph, { tensors: begin.tensors }));
  }

  private constructor(parts: StageParts, backend: Backend, begin: Snapshot, executable: Executable) {
    const { graph, blocks } = parts.training;
    this.#parts = parts;
    this.#first = backend;
    this.#backend = backend;
    this.#executable = executable;
    this.#meter = new Meter(executable, parts.recipe, begin.position.step);
    this.#snapshots = new Snapshots(
      graph,
      begin,
      blocks.map((block) => block.gradients),
    );
  }

  get executable(): Executable {
    return this.#executable;
  }

  get meter(): Meter {
    return this.#meter;
  }

  async read(names: readonly string[]): Promise<Record<string, TensorData>> {
    const data = await Promise.all(names.map((name) => this.#executable.read(name)));
    return Object.fromEntries(names.map((name, i) => [name, data[i] as TensorData]));
  }

  /** Loss and accuracy of the network with these weights, in inference form. */
  async evaluate(tensors: Tensors, source: BatchSource, signal: AbortSignal | undefined): Promise<Score> {
    if (this.#evaluator) await this.#evaluator.write(tensors);
    else this.#evaluator = await Evaluator.create(this.#parts.network, tensors, this.#backend);
    return this.#evaluator.score(source, signal);
  }

  /** Orders a copy of the run for its recovery, where it may need one and the last is old. */
  offerCopy(position: Position): void {
    if (this.#backend.recover) this.#snapshots.offer(this.#executable, position);
  }

  async copy(position: Position): Promise<void> {
    if (this.#backend.recover) await this.#snapshots.take(this.#executable, position);
  }

  /** Moves to another device or backend. Throws `error`, of a device that was lost, where there is none. */
  async recover(error: unknown): Promise<Recovery> {
    if (!this.#backend.recover) throw error;
    const { backend, why } = await this.#backend.recover();
    const { position, tensors } = this.#snapshots.last;
    const executable = await backend.compile(this.#parts.training.graph, { tensors });
    this.dispose();
    this.#backend = backend;
    this.#executable = executable;
    this.#meter = new Meter(executable, this.#parts.recipe, position.step);
    this.#evaluator = undefined;
    return { position, backend: backend.name, why };
  }

  /** Frees the memory; the backend that the trainer was given stays. */
  dispose(): void {
    this.#executable.dispose();
    this.#evaluator?.dispose();
    if (this.#backend !== this.#first) this.#backend.dispose();
  }
}
