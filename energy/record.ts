/**
 * What a measurement leaves behind: `energy.json`. Everything that was read is in it, so that whoever doubts a figure can make it anew (`analyse`).
 * Times are milliseconds on the clock that stamped the marks, energies joules, powers watts; shares and accuracies are fractions.
 */
import type { Analysis } from "./analyse.ts";
import type { SourceInfo } from "./source.ts";

export const FORMAT = "swivel-energy";
export const VERSION = 1;

/** A: the network to compare with; B: the one that should need less; N: A loaded a second time; C: the control. */
export type ArmName = "A" | "B" | "N" | "C";
/** `saving`: cut against whole; `null`: the whole against itself, which must show nothing; `control`: another network of one's own. */
export type ComparisonName = "saving" | "null" | "control";

/** Which arms a comparison sets against each other; the ratio is the second over the first. */
export const COMPARISONS: Readonly<Record<ComparisonName, readonly [ArmName, ArmName]>> = {
  saving: ["A", "B"],
  null: ["A", "N"],
  control: ["A", "C"],
};

/** How the protocol runs. */
export interface Settings {
  /** `work`: one inference after the other. `rate`: so many a second, as an app that watches a camera does. */
  readonly mode: "work" | "rate";
  /** Inferences per second in rate mode. */
  readonly rate?: number;
  /** Pairs of one window each; two make a block A B B A or B A A B. */
  readonly pairs: number;
  readonly nullPairs: number;
  readonly controlPairs: number;
  readonly windowSeconds: number;
  /** Before each window, under its load, unmeasured. */
  readonly settleSeconds: number;
  readonly idleSeconds: number;
  /** Longest warm-up. */
  readonly warmupSeconds: number;
  /** Patterns of load at both ends, by which a meter's clock is found. */
  readonly sync: boolean;
  readonly seed: number;
}

/** Of single inferences in a window. */
export interface Latency {
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p95Ms: number;
}

/** What the device did from `start` to `end`. */
export interface Mark {
  readonly kind: "sync" | "idle" | "load" | "warm-up" | "window";
  readonly start: number;
  readonly end: number;
  readonly arm?: ArmName;
  /** Of windows: where in the schedule they stand; `position` is 0 to 3 within the block. */
  readonly comparison?: ComparisonName;
  readonly block?: number;
  readonly position?: number;
  readonly inferences?: number;
  readonly latency?: Latency;
  /** Of idle stretches: before or after the windows. */
  readonly when?: "before" | "after";
}

/** What ran under an arm's name. */
export interface Arm {
  readonly arm: ArmName;
  readonly model: string;
  readonly bytes: number;
  readonly params: number;
  readonly macs: number;
  readonly backend: string;
  readonly threads: number;
  readonly simd?: string;
  readonly adapter?: string;
  readonly precision?: string;
  /** Whether its latency had no slope any more when the windows began. */
  readonly settled: boolean;
  /** "1" for each image classified correctly, "0" for each other, "-" for one that was not reached. */
  readonly hits?: string;
}

/** Whatever is known of the device and its state; nothing here is needed to compute the result. */
export interface Device {
  readonly model?: string;
  readonly os?: string;
  readonly cpu?: string;
  readonly browser?: string;
  readonly runtime?: string;
  readonly governor?: string;
  /** Shares. */
  readonly charge?: number;
  readonly brightness?: number;
  readonly charging?: boolean;
  readonly notes?: readonly string[];
}

/** What the device that computes writes down: `marks.json`, and a part of every record. */
export interface Marks {
  readonly format: "swivel-energy-marks";
  readonly version: 1;
  readonly tool: string;
  /** ISO 8601. */
  readonly date: string;
  readonly device: Device;
  readonly settings: Settings;
  readonly arms: readonly Arm[];
  /** In the order of time; on the clock of `Date.now()`, kept monotonic. */
  readonly marks: readonly Mark[];
  /** Stopped by hand before its end. */
  readonly interrupted: boolean;
  /** The battery's share over time, where a browser tells. */
  readonly battery?: readonly { readonly t: number; readonly level: number; readonly charging: boolean }[];
}

/** Raw readings as they came. */
export interface Samples {
  /** Milliseconds on the source's clock. */
  readonly t: readonly number[];
  /** By channel; null where one could not be read. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  readonly faults: readonly { readonly t: number; readonly why: string }[];
}

/** How the source's clock is read on that of the marks: t · (1 + drift) + offset. */
export interface Clock {
  readonly how: "same clock" | "time stamps" | "sync patterns" | "load";
  readonly offsetMs: number;
  /** A fraction: 20e-6 is 20 ppm. */
  readonly drift: number;
  /** By how much windows may be out of place. */
  readonly uncertaintyMs: number;
  /** Correlation of power with load where it was looked for. */
  readonly correlation?: number;
}

/** A whole measurement: settings, marks, raw readings, and what follows from them. */
export interface EnergyRecord {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly tool: string;
  readonly date: string;
  readonly device: Device;
  readonly settings: Settings;
  readonly interrupted: boolean;
  readonly arms: readonly Arm[];
  readonly source: SourceInfo;
  readonly clock: Clock;
  readonly marks: readonly Mark[];
  readonly samples: Samples;
  readonly result: Analysis;
}
