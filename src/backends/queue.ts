/** Runs jobs one after another, in the order in which they came. */
import { abortable } from "./abort.ts";

export class Queue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Adds a job; one whose signal fires while it waits is rejected at once and never starts. */
  add<T>(job: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#tail.then(job);
    this.#tail = turn.catch(() => {});
    return abortable(turn, "the run", signal);
  }

  /** Resolves when all jobs added so far are over. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}

/** Lets other tasks (input, timers, an abort) have their turn; faster than a timer, which browsers clamp to 4 ms. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
