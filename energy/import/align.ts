/**
 * Finds how the clock of a recording reads on the clock of the marks. A pattern of load at both ends tells offset and drift; without one, the edges at
 * which idling ends and begins do. Time stamps only narrow the search: two devices' clocks differ by seconds.
 */
import { EnergyError } from "../../src/errors.ts";
import { CHIP_SECONDS, SYNC_CHIPS } from "../protocol/sync.ts";
import type { Clock, Mark } from "../record.ts";
import { type EnergyTrace, sumBetween } from "../trace.ts";

/** Power follows the pattern as well as this, or it is not there. */
const LEAST_CORRELATION = 0.5;
const LEAST_FOR_EDGES = 0.8;
/** A second place that fits nearly as well makes the first a guess. */
const RIVAL = 0.85;
/** Clocks that differ by more do not count the same seconds. */
const MOST_DRIFT = 0.01;
/** Drift of an ordinary quartz, where one pattern alone was found. */
const QUARTZ = 100e-6;
/** How far apart the clocks of two devices that know the date may be. */
const STAMP_SLACK_MS = 120_000;
/** The same of one device's clocks. */
const SAME_DEVICE_SLACK_MS = 3000;
const EDGE_SECONDS = 30;
const LEAST_BIN_MS = 50;
/** Patterns are placed to this fraction of a bin. */
const FINE = 20;

/** What is known of the recording's clock. */
export interface AlignOptions {
  /** What the recording's times are: `same device` and `time stamps` are milliseconds since 1970. */
  readonly clock: "same device" | "time stamps" | "none";
}

/** Power expected around a moment: 1 for load, 0 for rest, over [start, end). */
interface Pattern {
  readonly start: number;
  readonly end: number;
  readonly levels: readonly { readonly until: number; readonly level: number }[];
}

interface Found {
  /** Of the pattern's start, on the clock of the recording. */
  readonly at: number;
  readonly correlation: number;
  readonly uncertainty: number;
}

/** Throws EnergyError E_MEASUREMENT where the recording does not show what the marks say, or not clearly enough. */
export function align(traces: readonly EnergyTrace[], marks: readonly Mark[], { clock }: AlignOptions): Clock {
  const syncs = marks.filter(({ kind }) => kind === "sync");
  const patterns = syncs.length > 0 ? syncs.map(syncPattern) : edgePatterns(marks);
  const least = syncs.length > 0 ? LEAST_CORRELATION : LEAST_FOR_EDGES;
  const how = syncs.length > 0 ? "sync patterns" : "load";
  const watts = new Watts(traces);
  const slack = clock === "same device" ? SAME_DEVICE_SLACK_MS : STAMP_SLACK_MS;
  const [first, second] = [patterns[0], patterns.at(-1)];
  if (!first || !second)
    throw new EnergyError(
      "E_MEASUREMENT",
      "the marks hold neither a sync pattern nor idle stretches around the load, so that the recording cannot be laid over them",
    );
  const range = clock === "none" ? undefined : { from: first.start - slack, to: first.start + slack };
  const places = watts.places(first, range).filter(({ correlation }) => correlation >= least);
  const pairs = places.flatMap((place): { place: Found; other?: Found; score: number }[] => {
    if (first === second) return [{ place, score: place.correlation }];
    const expected = place.at + second.start - first.start;
    const leeway = MOST_DRIFT * (second.start - first.start) + watts.bin;
    const other = watts.places(second, { from: expected - leeway, to: expected + leeway }).sort((a, b) => b.correlation - a.correlation)[0];
    return other && other.correlation >= least ? [{ place, other, score: (place.correlation + other.correlation) / 2 }] : [];
  });
  pairs.sort((a, b) => b.score - a.score);
  const [best] = pairs;
  if (!best) {
    if (clock === "same device") return { how: "time stamps", offsetMs: 0, drift: 0, uncertaintyMs: SAME_DEVICE_SLACK_MS / 20 };
    // another time zone, or a clock that nobody set
    if (clock === "time stamps") return align(traces, marks, { clock: "none" });
    const seen = watts.places(first, range).reduce((most, { correlation }) => Math.max(most, correlation), 0);
    throw new EnergyError(
      "E_MEASUREMENT",
      `the ${how === "load" ? "edges of the load" : "sync patterns"} of the marks are not in the recording (the best place fits by ${seen.toFixed(2)}, and ${least} are needed); record from before the start to after the end, and do not move the phone to another charger`,
    );
  }
  const width = first.end - first.start;
  const rival = pairs.find(({ place }) => Math.abs(place.at - best.place.at) > width / 4);
  if (rival && rival.score > RIVAL * best.score && syncs.length > 0) {
    throw new EnergyError(
      "E_MEASUREMENT",
      `the marks fit the recording at two places, ${Math.round(Math.abs(rival.place.at - best.place.at) / 1000)} s apart; give a recording of this one run`,
    );
  }
  const one = watts.place(first, best.place.at);
  const two = best.other && watts.place(second, best.other.at);
  const correlation = two ? Math.min(one.correlation, two.correlation) : one.correlation;
  // by their middles, where a pattern that the other clock stretches fits best
  const half = width / 2;
  const from = { marks: first.start + half, recording: one.at + half };
  if (!two) {
    const span = (marks.at(-1)?.end ?? 0) - first.start;
    return { how, offsetMs: from.marks - from.recording, drift: 0, uncertaintyMs: one.uncertainty + QUARTZ * span, correlation };
  }
  const drift = (second.start - first.start) / (two.at - one.at) - 1;
  if (Math.abs(drift) > MOST_DRIFT)
    throw new EnergyError("E_MEASUREMENT", `the recording's clock runs ${(100 * drift).toFixed(1)} % off; check the unit of its times`);
  const uncertaintyMs = Math.max(one.uncertainty, two.uncertainty);
  return { how, offsetMs: from.marks - from.recording * (1 + drift), drift, uncertaintyMs, correlation };
}

function syncPattern({ start }: Mark): Pattern {
  const chip = 1000 * CHIP_SECONDS;
  const levels = SYNC_CHIPS.map((level, i) => ({ until: start + (i + 1) * chip, level }));
  return { start, end: start + SYNC_CHIPS.length * chip, levels };
}

/** Where idling before ends and idling after begins. */
function edgePatterns(marks: readonly Mark[]): Pattern[] {
  const [before, after] = (["before", "after"] as const).map((when) => marks.find((mark) => mark.kind === "idle" && mark.when === when));
  if (!before || !after) return [];
  const half = Math.min(1000 * EDGE_SECONDS, before.end - before.start, after.end - after.start);
  const edge = (at: number, levels: readonly [number, number]): Pattern => {
    return {
      start: at - half,
      end: at + half,
      levels: [
        { until: at, level: levels[0] },
        { until: at + half, level: levels[1] },
      ],
    };
  };
  return [edge(before.end, [0, 1]), edge(after.start, [1, 0])];
}

/** Mean level of a pattern over [from, to), which lies within it; moments beyond its ends take the level at the end. */
function levelOf({ levels }: Pattern, from: number, to: number): number {
  let sum = 0;
  let at = from;
  for (const { until, level } of levels) {
    const end = Math.min(until, to);
    if (end <= at) continue;
    sum += level * (end - at);
    at = end;
  }
  return (sum + (levels.at(-1)?.level ?? 0) * (to - at)) / (to - from);
}

/** Power of a recording in equal bins. */
class Watts {
  readonly bin: number;
  readonly #start: number;
  readonly #watts: Float64Array;

  constructor(traces: readonly EnergyTrace[]) {
    const start = Math.max(...traces.map(({ t }) => t[0] ?? Number.NaN));
    const end = Math.min(...traces.map(({ t }) => t.at(-1) ?? Number.NaN));
    this.bin = Math.max(LEAST_BIN_MS, ...traces.map(({ spacing }) => spacing));
    this.#start = start;
    if (!(end > start && Number.isFinite(this.bin))) throw new EnergyError("E_MEASUREMENT", "the recording holds too few readings");
    const count = Math.floor((end - start) / this.bin);
    this.#watts = Float64Array.from(
      { length: count },
      (_, i) => sumBetween(traces, start + i * this.bin, start + (i + 1) * this.bin).joules,
    );
  }

  /** How well the pattern fits wherever its start may lie, from bin to bin: local maxima only. */
  places(pattern: Pattern, range?: { readonly from: number; readonly to: number }): Found[] {
    const last = this.#watts.length - this.#binsOf(pattern);
    const low = range ? Math.max(0, Math.floor((range.from - this.#start) / this.bin)) : 0;
    const high = range ? Math.min(last, Math.ceil((range.to - this.#start) / this.bin)) : last;
    const template = this.#template(pattern, 0);
    const fits: number[] = [];
    for (let i = low; i <= high; i++) fits.push(this.#correlation(template, i, 0, template.length));
    return fits.flatMap((correlation, i) => {
      if (correlation < (fits[i - 1] ?? -1) || correlation < (fits[i + 1] ?? -1)) return [];
      return [{ at: this.#start + (low + i) * this.bin, correlation, uncertainty: this.bin }];
    });
  }

  /** The place near `at` to a fraction of a bin; how far its two halves disagree is its uncertainty. */
  place(pattern: Pattern, at: number): Found {
    const around = Math.round((at - this.#start) / this.bin);
    const bins = this.#binsOf(pattern);
    const best = (from: number, to: number): { shift: number; correlation: number } => {
      let found = { shift: 0, correlation: -1 };
      for (let step = -2 * FINE; step <= 2 * FINE; step++) {
        const shift = step / FINE;
        const whole = Math.floor(shift);
        const template = this.#template(pattern, shift - whole);
        const correlation = this.#correlation(template, around + whole, from, to);
        if (correlation > found.correlation) found = { shift, correlation };
      }
      return found;
    };
    const all = best(0, bins);
    const [one, two] = [best(0, bins >> 1), best(bins >> 1, bins)];
    const halves = pattern.levels.length > 2 ? Math.abs(one.shift - two.shift) / 2 : 0.5;
    const uncertainty = this.bin * (Math.min(1, halves) + 1 / FINE) + (1 - all.correlation) * this.bin;
    return { at: this.#start + (around + all.shift) * this.bin, correlation: all.correlation, uncertainty };
  }

  #binsOf({ start, end }: Pattern): number {
    return Math.floor((end - start) / this.bin);
  }

  /** The pattern in bins, when it begins `late` of a bin into the first. */
  #template(pattern: Pattern, late: number): Float64Array {
    const from = pattern.start - late * this.bin;
    return Float64Array.from({ length: this.#binsOf(pattern) }, (_, i) => levelOf(pattern, from + i * this.bin, from + (i + 1) * this.bin));
  }

  /** Pearson's, of bins `from` to `to` of the template with the power that lies `at` bins into the recording. */
  #correlation(template: Float64Array, at: number, from: number, to: number): number {
    if (at < 0 || at + to > this.#watts.length) return -1;
    let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
    for (let i = from; i < to; i++) {
      const [a, b] = [template[i] as number, this.#watts[at + i] as number];
      n++;
      x += a;
      y += b;
      xx += a * a;
      yy += b * b;
      xy += a * b;
    }
    const spread = (xx - (x * x) / n) * (yy - (y * y) / n);
    return spread > 0 ? (xy - (x * y) / n) / Math.sqrt(spread) : 0;
  }
}
