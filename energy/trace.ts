/** From raw readings to energy between any two moments: counters that go round, powers that are summed up, and what was lost on the way. */
import type { Channel } from "./source.ts";

/** A stretch of which the energy is not known. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly why: string;
  /** A counter goes on counting while nobody reads it: only what begins or ends in the gap is lost. */
  readonly counted: boolean;
}

/** Energy over time, summed up from a channel's readings. */
export interface EnergyTrace {
  /** Milliseconds, rising. */
  readonly t: readonly number[];
  /** Joules since the first reading. */
  readonly joules: readonly number[];
  readonly gaps: readonly Gap[];
  /** Readings with a time that another has. */
  readonly duplicates: number;
  /** Readings that came with an earlier time than the one before. */
  readonly disordered: number;
  /** Median milliseconds between readings. */
  readonly spacing: number;
}

/** Longer than so many spacings without a reading is a gap. */
const GAP_SPACINGS = 5;
/** So much more than 95 % of all readings show cannot have flowed: the counter was reset. */
const IMPOSSIBLE = 20;
/** What may have flowed unseen, against what 95 % of all readings show. */
const LIKELY = 4;

/** Sums a channel up: counters with their overflows, power by the trapezium rule. `times` in milliseconds; null where a reading failed. */
export function traceOf(channel: Channel, times: readonly number[], values: readonly (number | null)[]): EnergyTrace {
  const { t, v, duplicates, disordered } = inOrder(channel, times, values);
  const steps = t.slice(1).map((at, i) => at - (t[i] as number));
  const spacing = quantile(steps, 0.5);
  const joules = [0];
  const gaps: Gap[] = [];
  const counter = channel.kind === "counter" ? unwinder(channel, t, v) : undefined;
  for (let i = 1; i < t.length; i++) {
    const [from, to] = [t[i - 1] as number, t[i] as number];
    const long = to - from > GAP_SPACINGS * spacing;
    const step = counter ? counter(i) : { joules: areaOf(channel, v[i - 1] as number, v[i] as number, (to - from) / 1000) };
    if (step.why !== undefined) gaps.push({ from, to, why: step.why, counted: false });
    // a counter that stands still has counted nothing
    else if (long && !(counter && step.joules === 0)) gaps.push({ from, to, why: "readings are missing", counted: counter !== undefined });
    joules.push((joules[i - 1] as number) + step.joules);
  }
  return { t, joules: t.length > 0 ? joules : [], gaps, duplicates, disordered, spacing };
}

function areaOf({ kind, scale }: Channel, before: number, now: number, seconds: number): number {
  return scale * seconds * (kind === "power" ? (before + now) / 2 : now);
}

/** What a counter counted between the reading before `i` and reading `i`. */
function unwinder(
  { scale, range, maxWatts }: Channel,
  t: readonly number[],
  v: readonly number[],
): (i: number) => { joules: number; why?: string } {
  const secondsTo = (i: number): number => ((t[i] as number) - (t[i - 1] as number)) / 1000;
  const deltaTo = (i: number): number => scale * ((v[i] as number) - (v[i - 1] as number));
  const watts = t.flatMap((_, i) => (i > 0 && deltaTo(i) >= 0 ? [deltaTo(i) / secondsTo(i)] : []));
  const usual = quantile(watts, 0.95);
  const most = maxWatts ?? (Number.isFinite(usual) ? LIKELY * usual : Number.POSITIVE_INFINITY);
  const impossible = Math.max(maxWatts ?? 0, IMPOSSIBLE * usual);
  // a counter that stands above its range was told a wrong one
  const turn = range !== undefined && v.every((value) => Math.abs(scale * value) <= range * 1.001) ? range : undefined;
  return (i) => {
    const seconds = secondsTo(i);
    if (turn !== undefined && seconds * most >= turn)
      return { joules: Math.max(0, deltaTo(i)), why: "the counter may have gone round more than once" };
    const delta = deltaTo(i);
    if (delta >= 0) return { joules: delta };
    if (turn === undefined) return { joules: 0, why: "the counter went back" };
    const wrapped = delta + turn;
    return wrapped / seconds > impossible ? { joules: 0, why: "the counter was reset" } : { joules: wrapped };
  };
}

function inOrder(channel: Channel, times: readonly number[], values: readonly (number | null)[]) {
  const known = times.flatMap((at, i) => {
    const value = values[i];
    return Number.isFinite(at) && typeof value === "number" && Number.isFinite(value) ? [{ at, value }] : [];
  });
  const disordered = known.filter(({ at }, i) => i > 0 && at < (known[i - 1]?.at as number)).length;
  if (disordered > 0) known.sort((a, b) => a.at - b.at);
  const t: number[] = [];
  const v: number[] = [];
  let same = 1;
  for (const { at, value } of known) {
    const last = t.length - 1;
    if (t[last] !== at) {
      t.push(at);
      v.push(value);
      same = 1;
    } else {
      // of a counter the latest holds, of powers the mean
      same++;
      v[last] = channel.kind === "counter" ? value : (v[last] as number) + (value - (v[last] as number)) / same;
    }
  }
  return { t, v, duplicates: known.length - t.length, disordered };
}

/** The value below which this share of them lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export interface Stretch {
  readonly joules: number;
  /** Share of the time of which the energy is not known. */
  readonly lost: number;
  /** Why, where some is. */
  readonly why?: string;
}

/** Energy between two moments, straight between readings. */
export function energyBetween(trace: EnergyTrace, from: number, to: number): Stretch {
  const { t, gaps } = trace;
  const [first = Number.POSITIVE_INFINITY, last = Number.NEGATIVE_INFINITY] = [t[0], t[t.length - 1]];
  const span = to - from;
  let lost = Math.max(0, Math.min(to, first) - from) + Math.max(0, to - Math.max(from, last));
  let why = lost > 0 ? "the readings do not reach so far" : undefined;
  for (const gap of gaps) {
    const overlap = Math.min(to, gap.to) - Math.max(from, gap.from);
    if (overlap <= 0) continue;
    if (gap.counted && gap.from >= from && gap.to <= to) continue;
    lost += overlap;
    why = gap.why;
  }
  const joules = joulesAt(trace, to) - joulesAt(trace, from);
  return { joules, lost: Math.min(1, lost / span), ...(why !== undefined && { why }) };
}

function joulesAt({ t, joules }: EnergyTrace, at: number): number {
  let low = 0;
  let high = t.length - 1;
  if (high < 0 || at <= (t[0] as number)) return 0;
  if (at >= (t[high] as number)) return joules[high] as number;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((t[middle] as number) <= at) low = middle;
    else high = middle;
  }
  const share = (at - (t[low] as number)) / ((t[high] as number) - (t[low] as number));
  return (joules[low] as number) + share * ((joules[high] as number) - (joules[low] as number));
}

/** Several that do not overlap as one: energies add up, whatever one has lost is lost. */
export function sumBetween(traces: readonly EnergyTrace[], from: number, to: number): Stretch {
  const parts = traces.map((trace) => energyBetween(trace, from, to));
  const worst = parts.reduce((a, b) => (b.lost > a.lost ? b : a), { joules: 0, lost: 0 } as Stretch);
  return {
    joules: parts.reduce((sum, { joules }) => sum + joules, 0),
    lost: worst.lost,
    ...(worst.why !== undefined && { why: worst.why }),
  };
}
