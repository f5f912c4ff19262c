/** What `prune` tells of a cut: the JSON document, and tables and a picture for people. */
import type { Dataset } from "../training/data/index.ts";
import type { Comparison } from "../training/measure/index.ts";
import type { Criterion } from "../training/prune/index.ts";
import { count, kilobytes, percent, plural, short, table } from "./output.ts";
import { bars } from "./picture.ts";
import { judged, type Pruned } from "./pruning.ts";

export interface PruneFacts {
  readonly out: string;
  readonly criterion: Criterion;
  /** The file that named survivors, if one did. */
  readonly survivors: string | undefined;
  readonly pruned: Pruned;
  readonly dataset: Dataset | undefined;
  /** Before and after, where it was measured. */
  readonly time: Comparison | undefined;
}

/** −∞ is no JSON: null stands for a threshold under which nothing lies. */
const finite = (threshold: number): number | null => (Number.isFinite(threshold) ? threshold : null);

/** Channels with scores in the first round, and how many are left after the last. */
function channelsOf({ rounds }: Pruned): { total: number; alive: number } {
  return { total: rounds[0]?.channels.total ?? 0, alive: rounds.at(-1)?.channels.alive ?? 0 };
}

export function pruneValue({ out, criterion, survivors, pruned, dataset, time }: PruneFacts) {
  const { rounds, report, skipped, warnings, accuracyBefore } = pruned;
  const last = rounds.at(-1);
  return {
    out,
    criterion,
    ...(survivors !== undefined && { survivors }),
    threshold: finite(last?.threshold ?? Number.NEGATIVE_INFINITY),
    channels: channelsOf(pruned),
    before: { ...report.before, ...(accuracyBefore !== undefined && { accuracy: accuracyBefore }), ...(time && { ms: time.before }) },
    after: { ...report.after, ...(last?.accuracy && { accuracy: last.accuracy.after }), ...(time && { ms: time.after }) },
    ...(last?.accuracy && { cut: { accuracy: last.accuracy.cut } }),
    ...(dataset && { data: dataset.name, split: judged(dataset) }),
    saved: { ...report.saved, ...(time && { ms: 1 - time.ratio.value }) },
    ...(time && { time: { ratio: time.ratio, backend: "wasm", threads: 1, batch: 1 } }),
    counting: report.counting,
    ...(rounds.length > 1 && {
      rounds: rounds.map(({ threshold, channels, report: own, accuracy }) => ({
        threshold: finite(threshold),
        channels,
        after: own.after,
        ...(accuracy && { accuracy }),
      })),
    }),
    sites: report.sites,
    layers: report.layers,
    warnings,
    skipped,
  };
}

export function pruneText(facts: PruneFacts): string {
  const { out, criterion, survivors, pruned, dataset, time } = facts;
  const { report, rounds, accuracyBefore } = pruned;
  const { before, after, saved, counting } = report;
  const accuracy = rounds.at(-1)?.accuracy;
  const rows = [
    ["", "before", "after", "saved"],
    ["parameters", count(before.params), count(after.params), percent(saved.params)],
    ["multiply-adds", short(before.macs), short(after.macs), percent(saved.macs)],
    ["bytes", kilobytes(before.bytes), kilobytes(after.bytes), percent(saved.bytes)],
    ...(time ? [["milliseconds", time.before.toFixed(3), time.after.toFixed(3), percent(1 - time.ratio.value)]] : []),
    ...(dataset && accuracy && accuracyBefore !== undefined
      ? [[`accuracy (${judged(dataset)})`, percent(accuracyBefore), percent(accuracy.after), ""]]
      : []),
  ];
  const countings = [
    ["weights of filters alone", "parameters", "multiply-adds"],
    ["saved by the authors' counting", percent(counting.reported.saved.weights), percent(counting.reported.saved.macs)],
    ["saved in truth", percent(counting.true.saved.weights), percent(counting.true.saved.macs)],
  ];
  const picture = bars(report.sites.map(({ name, stored, channels }) => ({ name, left: stored, of: channels })));
  const { total, alive } = channelsOf(pruned);
  const { low, high } = time?.ratio ?? {};
  const ms = [low, high].map((ratio) => (100 * (ratio ?? 0)).toFixed(1)).join(" to ");
  return [
    table(rows),
    "",
    table(countings),
    "",
    ...picture,
    "",
    ...(time ? [`${ms} % of the time (95 % interval; Wasm, one thread, one example at a time, in turns)`] : []),
    `${out}: ${total - alive} of ${plural(total, "channel")} cut ${survivors === undefined ? `by ${criterion}` : `as ${survivors} says`}`,
  ].join("\n");
}
