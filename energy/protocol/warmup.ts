/** When latencies have settled: caches are full, clocks have risen, and heat has had its way. */
import { studentT } from "../../src/intervals.ts";

/** Latencies are averaged into so many parts of the time that is looked at. */
const PARTS = 8;
/** A change across that time which nobody would call a slope. */
const MAX_CHANGE = 0.05;
/** A slope that is not told from chance may be so large at most. */
const MAX_UNCLEAR = 0.1;

/** Whether latencies over the last stretch of equal parts have no slope any more. `ms` in the order of time. */
export function isSettled(ms: readonly number[]): boolean {
  if (ms.length < 2 * PARTS) return false;
  const size = Math.floor(ms.length / PARTS);
  const means = Array.from({ length: PARTS }, (_, i) => middleOf(ms.slice(i * size, (i + 1) * size)));
  const mean = means.reduce((sum, x) => sum + x, 0) / PARTS;
  // too short for the clock: nothing is seen to change
  if (mean === 0) return true;
  const at = (i: number): number => i - (PARTS - 1) / 2;
  const squares = means.reduce((sum, _, i) => sum + at(i) ** 2, 0);
  const slope = means.reduce((sum, x, i) => sum + at(i) * (x - mean), 0) / squares;
  const rest = means.reduce((sum, x, i) => sum + (x - mean - slope * at(i)) ** 2, 0) / (PARTS - 2);
  const change = Math.abs(slope * (PARTS - 1)) / mean;
  const unclear = Math.abs(slope) <= studentT(PARTS - 2) * Math.sqrt(rest / squares);
  return change <= MAX_CHANGE || (unclear && change <= MAX_UNCLEAR);
}

/** The mean but for the slowest twentieth: pauses of the system do not move it, and steps of a coarse clock average out. */
function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b).slice(0, Math.ceil(0.95 * values.length));
  return sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
}
