/** Puts together what a run left behind: marks for a device whose energy is recorded elsewhere, a whole record where the readings are at hand. */
import { analyse } from "./analyse.ts";
import type { Course } from "./protocol/run.ts";
import { type Clock, type Device, type EnergyRecord, FORMAT, type Marks, type Samples, type Settings, VERSION } from "./record.ts";
import type { SourceInfo } from "./source.ts";

interface Circumstances {
  /** What writes it, with its version. */
  readonly tool: string;
  readonly device: Device;
  readonly settings: Settings;
  readonly course: Course;
}

/** What the device did, to be joined with a recording made elsewhere. */
export function makeMarks({ tool, device, settings, course }: Circumstances, battery?: Marks["battery"]): Marks {
  const { marks, arms, interrupted } = course;
  const facts = { format: "swivel-energy-marks", version: 1, tool, date: new Date().toISOString() } as const;
  return { ...facts, device, settings, interrupted, arms, marks, ...(battery && { battery }) };
}

/** Readings on the clock that stamped the marks. */
export const SAME_CLOCK: Clock = { how: "same clock", offsetMs: 0, drift: 0, uncertaintyMs: 0 };

/** With its result. */
export function makeRecord(
  marks: Omit<Marks, "format" | "version">,
  source: SourceInfo,
  samples: Samples,
  clock: Clock = SAME_CLOCK,
): EnergyRecord {
  const { tool, date, device, settings, interrupted, arms } = marks;
  const facts = { tool, date, device, settings, interrupted, arms, source, clock, marks: marks.marks, samples };
  return { format: FORMAT, version: VERSION, ...facts, result: analyse(facts) };
}
