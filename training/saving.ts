/** When a training's checkpoints are due, and where they go. */
import { writeWhole } from "./checkpoint_file.ts";
import type { CheckpointOptions } from "./trainer_options.ts";

export class Saving {
  readonly #options: CheckpointOptions;
  #last = performance.now();

  constructor(options: CheckpointOptions = {}) {
    this.#options = options;
  }

  /** Whether anybody wants checkpoints. */
  get isWanted(): boolean {
    const { path, save } = this.#options;
    return path !== undefined || save !== undefined;
  }

  /** Whether one is due after this step, beside those at the ends of epochs. */
  isDue(step: number): boolean {
    const { everySteps, everySeconds = Number.POSITIVE_INFINITY } = this.#options;
    if (everySteps !== undefined && step % everySteps === 0) return true;
    return performance.now() - this.#last >= 1000 * everySeconds;
  }

  /** Throws ModelError E_IO where the file cannot be written, and what the user's `save` throws. */
  async save(checkpoint: Uint8Array): Promise<void> {
    const { path, save } = this.#options;
    if (path !== undefined) await writeWhole(path, checkpoint);
    await save?.(checkpoint);
    this.#last = performance.now();
  }
}
