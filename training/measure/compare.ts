/** How much longer one thing takes than another, measured in turns until it is known well enough. */

import { type Interval, median, ratioInterval } from "../../src/intervals.ts";
import { interleave } from "./interleave.ts";

/** How exact a comparison shall be, and how long it may take. */
export interface CompareOptions {
  /** The ratio's interval shall be narrower than this fraction of the ratio; 0.08 unless given. */
  readonly precision?: number;
  /** Samples of each at most; 90 unless given, so that a busy machine comes to an end too. */
  readonly mostRounds?: number;
  readonly signal?: AbortSignal;
}

/** Two candidates' times, measured in turns. */
export interface Comparison {
  /** Median milliseconds per call. */
  readonly before: number;
  readonly after: number;
  /** after / before. */
  readonly ratio: Interval;
}

const ROUNDS = 15;
const SAMPLE_MS = 20;

/** Throws what the two throw, and AbortedError. */
export async function compareTimes(
  before: () => Promise<unknown>,
  after: () => Promise<unknown>,
  { precision = 0.08, mostRounds = 90, signal }: CompareOptions = {},
): Promise<Comparison> {
  const samples: [number[], number[]] = [[], []];
  for (;;) {
    const more = await interleave([before, after], { rounds: ROUNDS, sampleMs: SAMPLE_MS, signal });
    more.forEach((list, i) => {
      samples[i]?.push(...list);
    });
    const ratio = ratioInterval(samples[1], samples[0]);
    const known = ratio.high - ratio.low < precision * ratio.value;
    if (known || samples[0].length >= mostRounds) return { before: median(samples[0]), after: median(samples[1]), ratio };
  }
}
