/** What all measurements in turns have in common. */

export interface TurnTimes {
  /** A sample repeats its call for so long. */
  readonly sampleMs: number;
  /** Each runs for so long before the first round: engines compile what runs often, and peers' scripts need most of a second for it. */
  readonly warmMs: number;
}

export type Status = (text: string) => void;

/** Before each sample: threads of peers spin for a while when they are done. */
export const LEAD_MS = 10;

/** Calls each for `warmMs`, once at least. Returns about how many milliseconds a round will take. */
export async function warmUp(candidates: readonly (() => Promise<unknown>)[], { sampleMs, warmMs }: TurnTimes): Promise<number> {
  let roundMs = 0;
  for (const run of candidates) {
    const begin = performance.now();
    let start = begin;
    let ms = 0;
    do {
      await run();
      const now = performance.now();
      ms = now - start;
      start = now;
    } while (start - begin < warmMs);
    roundMs += Math.max(ms, sampleMs + LEAD_MS);
  }
  return roundMs;
}
