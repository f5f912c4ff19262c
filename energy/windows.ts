/** Energy of each window, gross and above idle, and which blocks hold. */
import { median } from "../src/intervals.ts";
import type { ArmName, Clock, ComparisonName, EnergyRecord, Mark } from "./record.ts";
import type { Channel } from "./source.ts";
import { type EnergyTrace, sumBetween, traceOf } from "./trace.ts";

/** A window in which more of the time is without readings does not count. */
const MAX_LOST = 0.02;
/** Windows of one arm within one block whose latencies differ by more were not run under the same conditions. */
const MAX_LATENCY_CHANGE = 0.25;
/** The median window must see so many steps of its source; that few make a wide interval, and an honest one. */
const MIN_STEPS = 2;
/** A rate that is missed by more is none. */
const MAX_RATE_LOSS = 0.03;

export interface WindowEnergy {
  readonly arm: ArmName;
  readonly position: number;
  readonly start: number;
  readonly end: number;
  readonly seconds: number;
  readonly inferences: number;
  /** All joules that the source counted. */
  readonly joules: number;
  readonly meanMs: number;
  readonly medianMs: number;
}

export interface Block {
  readonly comparison: ComparisonName;
  readonly block: number;
  readonly windows: readonly WindowEnergy[];
  /** Why it does not count. */
  readonly rejected?: string;
}

export type Measured = Pick<EnergyRecord, "settings" | "source" | "clock" | "marks" | "samples">;

/** A moment of the source's clock on the clock of the marks. */
export const toMarks = ({ offsetMs, drift }: Pick<Clock, "offsetMs" | "drift">, t: number): number => t * (1 + drift) + offsetMs;

/** The traces of these channels on the marks' clock; unknown channels are left out. */
export function tracesOf({ source, samples, clock }: Measured, ids: readonly string[] = source.headline): EnergyTrace[] {
  const t = samples.t.map((at) => toMarks(clock, at));
  return ids.flatMap((id) => {
    const channel = source.channels.find((it) => it.id === id);
    return channel ? [traceOf(channel, t, samples.values[id] ?? [])] : [];
  });
}

/** All blocks of which every window was run, in the order of time. */
export function blocksOf(record: Measured, traces: readonly EnergyTrace[]): Block[] {
  const groups = new Map<string, Mark[]>();
  for (const mark of record.marks) {
    if (mark.kind !== "window" || mark.comparison === undefined || mark.block === undefined) continue;
    const key = `${mark.comparison} ${mark.block}`;
    groups.set(key, [...(groups.get(key) ?? []), mark]);
  }
  return [...groups.values()]
    .filter((marks) => marks.length === 4)
    .map((marks) => {
      const checked = marks.map((mark) => windowOf(record, traces, mark));
      const windows = checked.map(({ window }) => window);
      const rejected = checked.find(({ why }) => why !== undefined)?.why ?? changed(windows);
      const { comparison, block } = marks[0] as Required<Mark>;
      return { comparison, block, windows, ...(rejected !== undefined && { rejected }) };
    });
}

function windowOf(record: Measured, traces: readonly EnergyTrace[], mark: Mark): { window: WindowEnergy; why?: string } {
  const { start, end, inferences = 0, latency, arm = "A", position = 0 } = mark;
  const { joules, lost, why } = sumBetween(traces, start, end);
  const seconds = (end - start) / 1000;
  const window = {
    arm,
    position,
    start,
    end,
    seconds,
    inferences,
    joules,
    meanMs: latency?.meanMs ?? Number.NaN,
    medianMs: latency?.medianMs ?? Number.NaN,
  };
  const { settings, samples, clock } = record;
  const fault = samples.faults.find(({ t }) => toMarks(clock, t) <= end);
  const expected = settings.mode === "rate" ? (settings.rate ?? 0) * seconds : 0;
  const reason = (): string | undefined => {
    if (fault) return fault.why;
    if (lost > MAX_LOST) return `${why} (${Math.round(100 * lost)} % of a window)`;
    if (inferences < 1) return "no inference ended in a window";
    if (inferences < (1 - MAX_RATE_LOSS) * expected - 1)
      return `only ${inferences} of ${Math.round(expected)} inferences were done in time`;
    return undefined;
  };
  return { window, why: reason() };
}

/** By both, since a pause moves the mean alone, and a coarse clock the median alone. */
function changed(windows: readonly WindowEnergy[]): string | undefined {
  for (const arm of new Set(windows.map((window) => window.arm))) {
    const [a, b] = windows.filter((window) => window.arm === arm);
    if (!a || !b) continue;
    const change = Math.min(...[b.meanMs / a.meanMs, b.medianMs / a.medianMs].map((ratio) => Math.abs(Math.log(ratio))));
    if (change > Math.log(1 + MAX_LATENCY_CHANGE)) {
      const took = `${arm} took ${a.meanMs.toPrecision(3)} ms and then ${b.meanMs.toPrecision(3)} ms`;
      return `${took}: the clock changed within the block`;
    }
  }
  return undefined;
}

/** The coarsest step of these channels, in joules; 0 for powers. */
const stepOf = (channels: readonly Channel[]): number =>
  Math.max(0, ...channels.map(({ kind, resolution = 0 }) => (kind === "counter" ? resolution : 0)));

/** Why the source is too coarse for these windows; undefined where it is not. */
export function tooCoarse(channels: readonly Channel[], windows: readonly WindowEnergy[]): string | undefined {
  const step = stepOf(channels);
  const usual = median(windows.map(({ joules }) => joules));
  if (windows.length === 0 || usual >= MIN_STEPS * step) return undefined;
  return `the source counts in steps of ${Number(step.toPrecision(2))} J, and a window uses ${Number(usual.toPrecision(3))} J; take longer windows`;
}

export interface Idle {
  /** Watts on average. */
  readonly before: number;
  readonly after?: number;
  /** Standard error of the mean of both, in watts, and its degrees of freedom. */
  readonly error: number;
  readonly freedom: number;
  /** (after − before) / before. */
  readonly drift?: number;
  /** Watts at a moment: straight from one to the other. */
  readonly at: (t: number) => number;
  /** By how many watts its second half differs from its first, of each stretch, beyond what the source's steps explain. */
  readonly within: readonly number[];
  /** Watts by which a stretch may be off because of the source's steps. */
  readonly blur: number;
  readonly trouble?: string;
}

/** Parts of an idle stretch whose spread tells how well its mean is known; seconds long, so that they are nearly independent. */
const IDLE_PARTS = 6;

export function idleOf(record: Measured, traces: readonly EnergyTrace[]): Idle | undefined {
  const stretches = record.marks.filter(({ kind }) => kind === "idle");
  const headline = record.source.channels.filter(({ id }) => record.source.headline.includes(id));
  // a half may hold a step more or less, and so may the other
  const step = stepOf(headline);
  const blur = 4000 * step;
  const facts = stretches.map((mark) => {
    const { start, end } = mark;
    const part = (end - start) / IDLE_PARTS;
    const watts = Array.from({ length: IDLE_PARTS }, (_, i) => sumBetween(traces, start + i * part, start + (i + 1) * part));
    const means = watts.map(({ joules }) => (1000 * joules) / part);
    const mean = means.reduce((sum, x) => sum + x, 0) / IDLE_PARTS;
    // a stretch begins and ends somewhere within a step
    const rounding = ((1000 * step) / (end - start)) ** 2 / 6;
    const variance = means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (IDLE_PARTS - 1) / IDLE_PARTS + rounding;
    const half = (from: number): number => means.slice(from, from + IDLE_PARTS / 2).reduce((sum, x) => sum + x, 0) / (IDLE_PARTS / 2);
    const whole = sumBetween(traces, start, end);
    const fault = record.samples.faults.find(({ t }) => toMarks(record.clock, t) <= end);
    const trouble = fault?.why ?? (whole.lost > MAX_LOST ? whole.why : undefined);
    return {
      when: mark.when,
      middle: (start + end) / 2,
      mean,
      variance,
      within: Math.max(0, Math.abs(half(IDLE_PARTS / 2) - half(0)) - blur / (end - start)),
      blur: blur / 2 / (end - start),
      trouble,
    };
  });
  const before = facts.find(({ when }) => when === "before");
  if (!before) return undefined;
  const after = facts.find(({ when }) => when === "after");
  const all = after ? [before, after] : [before];
  const trouble = all.find((it) => it.trouble !== undefined)?.trouble;
  return {
    before: before.mean,
    ...(after && { after: after.mean, drift: after.mean / before.mean - 1 }),
    within: all.map((stretch) => stretch.within),
    blur: Math.max(...all.map((stretch) => stretch.blur)),
    error: Math.sqrt(all.reduce((sum, { variance }) => sum + variance, 0)) / all.length,
    freedom: all.length * (IDLE_PARTS - 1),
    at: (t) => (after ? before.mean + ((t - before.middle) / (after.middle - before.middle)) * (after.mean - before.mean) : before.mean),
    ...(trouble !== undefined && { trouble: `idle power was not recorded: ${trouble}` }),
  };
}
