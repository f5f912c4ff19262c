/**
 * Times several candidates side by side. Machines are noisy and change their clocks, so only what is measured in turns (A B A B …) can be
 * compared; each round gives every candidate one sample.
 */
import { AbortedError } from "../../src/errors.ts";

/** How candidates take turns. */
export interface InterleaveOptions {
  /** Samples of each candidate. */
  readonly rounds: number;
  /** A sample repeats its candidate for at least so long, so that the clock's resolution does not matter. */
  readonly sampleMs: number;
  /**
   * Calls for so long come before each sample and are not counted, until what ran before has come to rest: caches, threads that spin before they sleep. None
   * for candidates that take ten times as long in one call. 0 unless given.
   */
  readonly leadMs?: number;
  readonly signal?: AbortSignal;
}

/** Milliseconds per call: one array per candidate, one number per round. The first round, which warms up, is not counted. */
export async function interleave(candidates: readonly (() => Promise<unknown>)[], options: InterleaveOptions): Promise<number[][]> {
  const { rounds, sampleMs, leadMs = 0, signal } = options;
  const last = candidates.map(() => 0);
  const samples: number[][] = candidates.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, candidate] of candidates.entries()) {
      if (signal?.aborted) throw new AbortedError("the measurement", { cause: signal.reason });
      if (leadMs > 0 && (last[i] as number) < 10 * leadMs) await timePerCall(candidate, leadMs);
      const ms = await timePerCall(candidate, sampleMs);
      last[i] = ms;
      if (round > 0) samples[i]?.push(ms);
    }
  }
  return samples;
}

async function timePerCall(candidate: () => Promise<unknown>, sampleMs: number): Promise<number> {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    await candidate();
    calls++;
    elapsed = performance.now() - start;
  } while (elapsed < sampleMs);
  return elapsed / calls;
}
