/** What is kept while the work goes on: checkpoints as they come, and the state of the work now and then. */
import type { Stage } from "./run.ts";
import type { Storage } from "./storage.ts";
import type { Work } from "./work.ts";

/** Milliseconds between two writes of what is not a checkpoint. */
const KEEP_EVERY = 2000;

export class Keeping {
  readonly #storage: Storage;
  #kept = 0;
  #writing: Promise<void> = Promise.resolve();
  #waiting: { stage: Stage; file: Uint8Array } | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** A training does not wait for the disk; of checkpoints that come while one is written, the last one counts. */
  checkpoint(stage: Stage, file: Uint8Array): void {
    this.#waiting = { stage, file };
    this.#writing = this.#writing.then(async () => {
      const next = this.#waiting;
      if (!next) return;
      this.#waiting = undefined;
      await this.#storage.write(next.stage, next.file);
    });
  }

  /** Resolves when the checkpoints that have come are written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  async work(work: Work): Promise<void> {
    this.#kept = performance.now();
    await this.#storage.write("work", work);
  }

  /** The same, unless it was done a moment ago. */
  async workNowAndThen(work: Work): Promise<void> {
    if (performance.now() - this.#kept >= KEEP_EVERY) await this.work(work);
  }

  /** Drops the checkpoint that waits; resolves when none is being written. */
  async drop(): Promise<void> {
    this.#waiting = undefined;
    await this.#writing;
  }
}
