/**
 * Copies of a run in the CPU's memory, taken now and then while it goes on: a GPU can be taken away at any time (driver reset, laptop undocked, a
 * browser short of memory), and then the run continues from the last of them. Backends that cannot be lost take none.
 */
import type { Executable } from "../src/backends/backend.ts";
import { type Graph, type TensorData, type Tensors, valuesOf } from "../src/graph/graph.ts";
import type { Position } from "./checkpoint.ts";

/** Between two copies. Small networks take a few milliseconds for one. */
const EVERY_MS = 5_000;

export interface Snapshot {
  readonly position: Position;
  /** Parameters, optimizer state, statistics and totals: all that the training graph keeps. */
  readonly tensors: Tensors;
}

export class Snapshots {
  readonly #names: readonly string[];
  #last: Snapshot;
  #takenAt = performance.now();
  #busy = false;

  /** `first`: the run as it begins. `blocks` of gradients are written anew in each step and left out. */
  constructor(graph: Graph, first: Snapshot, gradients: readonly string[]) {
    const kept = [...valuesOf(graph, "param"), ...valuesOf(graph, "state")];
    this.#names = kept.filter(({ name, view }) => !view && !gradients.includes(name)).map(({ name }) => name);
    this.#last = first;
  }

  get last(): Snapshot {
    return this.#last;
  }

  /** Orders a copy if the last one is old. Steps that follow need not wait: the copy is of now. */
  offer(executable: Executable, position: Position): void {
    if (this.#busy || performance.now() - this.#takenAt < EVERY_MS) return;
    // a device that is lost meanwhile leaves the last copy as it is
    void this.take(executable, position).catch(() => {});
  }

  async take(executable: Executable, position: Position): Promise<void> {
    this.#busy = true;
    try {
      const data = await Promise.all(this.#names.map((name) => executable.read(name)));
      this.#last = { position, tensors: Object.fromEntries(this.#names.map((name, i) => [name, data[i] as TensorData])) };
      this.#takenAt = performance.now();
    } finally {
      this.#busy = false;
    }
  }
}
