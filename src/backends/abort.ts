/** Waiting that a signal can cut short. */
import { AbortedError } from "../errors.ts";

/**
 * What `work` gives, or AbortedError as soon as the signal fires. The work itself goes on then, and what it gives in the end is handed to `discard`.
 */
export function abortable<T>(work: Promise<T>, what: string, signal?: AbortSignal, discard: (value: T) => void = () => {}): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(new AbortedError(what, { cause: signal.reason }));
      work.then(discard, () => {});
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    // the listener goes before the caller hears: what it was given must not be discarded by an abort that comes later
    const settle =
      <V>(how: (value: V) => void) =>
      (value: V): void => {
        signal.removeEventListener("abort", onAbort);
        how(value);
      };
    work.then(settle(resolve), settle(reject));
  });
}
