/** A simulated measurement whose saving is known, and what a recording of it must come to. */
import { expect } from "vitest";
import type { importRecording } from "../../energy/import/import.ts";
import { type Life, live, settings, truth } from "./simulate.ts";

export const SAVING = 0.2;
export const run = (seed: number, more = {}): Life => live(truth(seed, SAVING), settings({ seed, pairs: 10, sync: true, ...more }), 100);
export const life = run(1);

export function expectSaving(record: ReturnType<typeof importRecording>, tolerance = 1): void {
  expect(record.result.problems).toEqual([]);
  const { gross } = record.result.comparisons[0] as { gross: { value: number; low: number; high: number } };
  const off = Math.log(gross.value / (1 - SAVING));
  expect(Math.abs(off)).toBeLessThan(tolerance * 2 * Math.log(gross.high / gross.value));
}
