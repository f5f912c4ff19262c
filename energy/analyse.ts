/**
 * From a record to its result. The unit of the statistics is the block (A B B A or B A A B): a drift that is straight within a block falls out of its ratio,
 * and blocks are far enough apart to be independent. Intervals are Student's t on the logarithms of the blocks' ratios.
 */
import { type Interval, median, pairedDifference, studentT } from "../src/intervals.ts";
import { clockProblems, containmentProblems, idleProblems, nullProblems } from "./problems.ts";
import { type Arm, type ArmName, COMPARISONS, type ComparisonName, type EnergyRecord } from "./record.ts";
import { sumBetween } from "./trace.ts";
import { verdictOf } from "./verdict.ts";
import { type Block, blocksOf, type Idle, idleOf, type Measured, tooCoarse, tracesOf, type WindowEnergy } from "./windows.ts";

/** Fewer pairs prove nothing. */
export const MIN_PAIRS = 10;
/** More blocks lost than this, and what is left was selected by chance. */
const MAX_REJECTED = 0.25;

/** One arm against another, over blocks. */
export interface ComparisonResult {
  readonly name: ComparisonName;
  readonly of: readonly [ArmName, ArmName];
  /** Blocks that count, of two pairs each. */
  readonly blocks: number;
  readonly rejected: readonly { readonly block: number; readonly why: string }[];
  /** Energy per inference, second arm over first; missing where fewer than two blocks count. */
  readonly gross?: Interval;
  /** The same above idle; missing where it failed. */
  readonly net?: Interval;
  readonly latency?: Interval;
  /** Standard deviation of a block's logarithm of the ratio: what `plan` plans with. */
  readonly noise?: { readonly gross: number; readonly net?: number };
  /** Why its ratios may not be read as a result. */
  readonly problems: readonly string[];
}

/** One arm's energy over all windows that count. */
export interface ArmResult {
  readonly arm: ArmName;
  readonly windows: number;
  /** Joules per inference. */
  readonly gross: Interval;
  readonly net?: Interval;
  /** Mean while it ran. */
  readonly watts: number;
  readonly latencyMs: number;
  /** Share of the images it saw that it classified correctly. */
  readonly accuracy?: { readonly value: number; readonly images: number };
  /** To load and compile, outside all windows. */
  readonly load?: { readonly ms: number; readonly joules?: number };
}

/** What a measurement says, and whether it may be believed. */
export interface Analysis {
  /** `failed` where nothing may be concluded; the figures are shown all the same, beside the reasons. */
  readonly status: "measured" | "failed";
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** One sentence that claims no more than the intervals allow. */
  readonly verdict: string;
  readonly idle?: { readonly beforeWatts: number; readonly afterWatts?: number; readonly drift?: number };
  readonly arms: readonly ArmResult[];
  readonly comparisons: readonly ComparisonResult[];
  /** Accuracy of B minus A on the images that both saw. */
  readonly accuracyDifference?: Interval;
}

/** What a result follows from: the raw part of a record. */
export type Analysable = Omit<EnergyRecord, "result" | "format" | "version" | "tool" | "date" | "device">;

/** Energy per inference, gross and above idle, and their ratios, from readings and marks alone. Throws nothing for bad measurements: their status is `failed`. */
export function analyse(record: Analysable): Analysis {
  const traces = tracesOf(record);
  const blocks = blocksOf(record, traces);
  const idle = idleOf(record, traces);
  const names = (Object.keys(COMPARISONS) as ComparisonName[]).filter((name) => blocks.some(({ comparison }) => comparison === name));
  const comparisons = names.map((name) => compare(name, blocks, idle));
  const arms = record.arms.flatMap((arm) => armResult(record, arm, blocks, idle));
  const good = blocks.filter(({ rejected }) => rejected === undefined).flatMap(({ windows }) => windows);
  const channels = record.source.channels.filter(({ id }) => record.source.headline.includes(id));
  const coarse = tooCoarse(channels, good);
  const saving = comparisons.find(({ name }) => name === "saving");
  const problems = [
    ...(record.source.headline.every((id) => channels.some((channel) => channel.id === id))
      ? []
      : ["the source's headline names a channel that is not there"]),
    ...new Set(record.samples.faults.map(({ why }) => why)),
    ...(record.interrupted ? ["it was stopped before its end"] : []),
    ...idleProblems(idle, good),
    ...(coarse === undefined ? [] : [coarse]),
    ...record.arms.filter(({ settled }) => !settled).map(({ arm }) => `the latency of ${arm} had not settled when its windows began`),
    ...clockProblems(record),
    ...(saving ? saving.problems : ["not one block of A and B was finished"]),
    ...nullProblems(comparisons),
    ...containmentProblems(record),
  ];
  const notes = [...(record.source.notes ?? []), ...traceNotes(traces)];
  const facts = { problems, notes, arms, comparisons, ...accuracyOf(record.arms) };
  const status = problems.length === 0 ? "measured" : "failed";
  return {
    status,
    ...facts,
    ...(idle && { idle: { beforeWatts: idle.before, ...(idle.after !== undefined && { afterWatts: idle.after, drift: idle.drift }) } }),
    verdict: verdictOf({ status, problems, comparisons, source: record.source, settings: record.settings }),
  };
}

function compare(name: ComparisonName, all: readonly Block[], idle: Idle | undefined): ComparisonResult {
  const of = COMPARISONS[name];
  const blocks = all.filter(({ comparison }) => comparison === name);
  const rejected = blocks.flatMap(({ block, rejected: why }) => (why === undefined ? [] : [{ block, why }]));
  const good = blocks.filter((block) => block.rejected === undefined);
  const sums = good.map(
    ({ windows }) =>
      of.map((arm) =>
        totals(
          windows.filter((window) => window.arm === arm),
          idle,
        ),
      ) as [Totals, Totals],
  );
  const problems: string[] = [];
  if (2 * good.length < MIN_PAIRS) problems.push(`${name}: ${2 * good.length} pairs count, and ${MIN_PAIRS} are the least`);
  if (rejected.length > MAX_REJECTED * blocks.length)
    problems.push(`${name}: ${rejected.length} of ${blocks.length} blocks were lost (${rejected[0]?.why})`);
  const empty = sums.some(([first, second]) => first.gross <= 0 || second.gross <= 0);
  const failed = sums.find(([first, second]) => (first.net ?? 1) <= 0 || (second.net ?? 1) <= 0);
  if (empty) problems.push(`${name}: the source counted no energy in a block`);
  else if (failed)
    problems.push(
      `${name}: a block used no more energy than idling (${failed.map(({ net }) => (net ?? 0).toPrecision(2)).join(" and ")} J per inference above idle)`,
    );
  const facts = { name, of, blocks: good.length, rejected, problems };
  if (good.length < 2 || empty) return facts;
  const gross = sums.map(([first, second]) => Math.log(second.gross / first.gross));
  const latency = sums.map(([first, second]) => Math.log(second.meanMs / first.meanMs));
  const net =
    idle === undefined || failed ? undefined : sums.map(([first, second]) => Math.log((second.net as number) / (first.net as number)));
  return {
    ...facts,
    gross: ratio(gross),
    ...(net && { net: ratio(net, idleShare(sums, idle as Idle)) }),
    ...(latency.every(Number.isFinite) && { latency: ratio(latency) }),
    noise: { gross: deviation(gross), ...(net && { net: deviation(net) }) },
  };
}

interface Totals {
  /** Joules per inference. */
  readonly gross: number;
  readonly net?: number;
  /** Seconds per inference, idling included. */
  readonly seconds: number;
  readonly meanMs: number;
}

/** The mean of an arm's windows within a block. */
function totals(windows: readonly WindowEnergy[], idle: Idle | undefined): Totals {
  const mean = (of: (window: WindowEnergy) => number): number => windows.reduce((sum, window) => sum + of(window), 0) / windows.length;
  const above = (window: WindowEnergy): number => window.joules - (idle as Idle).at((window.start + window.end) / 2) * window.seconds;
  return {
    gross: mean(({ joules, inferences }) => joules / inferences),
    ...(idle && { net: mean((window) => above(window) / window.inferences) }),
    seconds: mean(({ seconds, inferences }) => seconds / inferences),
    meanMs: mean(({ meanMs }) => meanMs),
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
};

/** A source of error that all blocks share: a standard deviation with its degrees of freedom. */
interface Shared {
  readonly error: number;
  readonly freedom: number;
}

/** exp of the mean with its t interval; a shared error widens it, with Welch's degrees of freedom. */
function ratio(logs: readonly number[], shared: Shared = { error: 0, freedom: 1 }): Interval {
  const { value, low, high } = interval(logs, shared);
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

function interval(values: readonly number[], { error, freedom }: Shared): Interval {
  const n = values.length;
  const value = meanOf(values);
  const [own, common] = [deviation(values) ** 2 / n, error ** 2];
  const total = own + common;
  const effective = total === 0 ? n - 1 : total ** 2 / (own ** 2 / (n - 1) + common ** 2 / freedom);
  const half = studentT(effective) * Math.sqrt(total);
  return { value, low: value - half, high: value + half };
}

/** How an error of idle power moves the logarithm of the ratio above idle: by −(t₂/e₂ − t₁/e₁) a watt, t seconds and e joules per inference. */
function idleShare(sums: readonly (readonly [Totals, Totals])[], idle: Idle): Shared {
  const slope = meanOf(sums.map(([first, second]) => second.seconds / (second.net as number) - first.seconds / (first.net as number)));
  return { error: Math.abs(slope) * idle.error, freedom: idle.freedom };
}

function armResult(record: Analysable, arm: Arm, blocks: readonly Block[], idle: Idle | undefined): ArmResult[] {
  const good = blocks.filter(({ rejected }) => rejected === undefined);
  const groups = good.map(({ windows }) => windows.filter((window) => window.arm === arm.arm)).filter((windows) => windows.length > 0);
  if (groups.length < 2) return [];
  const windows = groups.flat();
  const sums = groups.map((group) => totals(group, idle));
  const seconds = meanOf(sums.map((sum) => sum.seconds));
  const load = record.marks.find((mark) => mark.kind === "load" && mark.arm === arm.arm);
  const seen = [...(arm.hits ?? "")].filter((hit) => hit !== "-");
  return [
    {
      arm: arm.arm,
      windows: windows.length,
      gross: interval(
        sums.map(({ gross }) => gross),
        { error: 0, freedom: 1 },
      ),
      ...(idle && {
        net: interval(
          sums.map(({ net }) => net as number),
          { error: seconds * idle.error, freedom: idle.freedom },
        ),
      }),
      watts: windows.reduce((sum, { joules }) => sum + joules, 0) / windows.reduce((sum, window) => sum + window.seconds, 0),
      latencyMs: median(windows.map(({ meanMs }) => meanMs)),
      ...(seen.length > 0 && { accuracy: { value: seen.filter((hit) => hit === "1").length / seen.length, images: seen.length } }),
      ...(load && { load: { ms: load.end - load.start, ...loadJoules(record, load.start, load.end) } }),
    },
  ];
}

/** Nothing where the load was shorter than a few readings. */
function loadJoules(record: Measured, start: number, end: number): { joules?: number } {
  const traces = tracesOf(record);
  const { joules, lost } = sumBetween(traces, start, end);
  return lost < 0.1 && joules > 0 && traces.every(({ spacing }) => end - start > 3 * spacing) ? { joules } : {};
}

function traceNotes(traces: ReturnType<typeof tracesOf>): string[] {
  const count = (of: (trace: (typeof traces)[number]) => number): number => Math.max(0, ...traces.map(of));
  const [same, disordered, gaps] = [
    count(({ duplicates }) => duplicates),
    count((trace) => trace.disordered),
    count((trace) => trace.gaps.length),
  ];
  return [
    ...(same > 0 ? [`${same} readings had a time that another had`] : []),
    ...(disordered > 0 ? [`${disordered} readings came out of order`] : []),
    ...(gaps > 0 ? [`there are ${gaps} gaps in the readings`] : []),
  ];
}

function accuracyOf(arms: readonly Arm[]): { accuracyDifference?: Interval } {
  const [a, b] = ["A", "B"].map((name) => arms.find(({ arm }) => arm === name)?.hits ?? "") as [string, string];
  const both = [...a].flatMap((hit, i) => (hit !== "-" && (b[i] ?? "-") !== "-" ? [[Number(hit), Number(b[i])] as const] : []));
  if (both.length < 2) return {};
  return {
    accuracyDifference: pairedDifference(
      Uint8Array.from(both, ([, second]) => second),
      Uint8Array.from(both, ([first]) => first),
    ),
  };
}
