/** One thing at a time, and what went wrong as a person reads it. */
import { SwivelError } from "swivel-nn";

export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs the job when all that came before it has ended, well or not. */
  take<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#last.then(job);
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}

/** An error without its code. */
export function wordsOf(error: unknown): string {
  if (error instanceof SwivelError) return error.message.slice(error.code.length + 1);
  return (error as Error | undefined)?.message ?? String(error);
}
