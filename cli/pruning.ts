/** The rounds of `prune`: score, choose, cut, fine-tune, in as many steps as are asked for. */
import type { Backend } from "../src/backends/backend.ts";
import type { Model } from "../src/model/model.ts";
import { batches, type Dataset } from "../training/data/index.ts";
import { evaluate } from "../training/evaluate.ts";
import {
  type Criterion,
  type CutReport,
  iterate,
  joinReports,
  type Scores,
  type Selection,
  selectGiven,
  selectTimed,
  shareOfRound,
} from "../training/prune/index.ts";
import { defaultSettings, trainerSettings } from "../training/settings.ts";
import { Trainer } from "../training/trainer.ts";
import { type Output, percent, short } from "./output.ts";
import { recorded } from "./picture.ts";
import { trainingProgress } from "./progress.ts";
import { type CliGoal, idle, inOurWords, scoresOf } from "./selection.ts";
import { readSurvivors, survivorsOf } from "./survivors.ts";
import type { Stopwatch } from "./timing.ts";

export interface PruningOptions extends CliGoal {
  readonly criterion: Criterion;
  readonly protect: readonly string[];
  readonly minimum: number;
  readonly rounds: number;
  /** Epochs after each cut. */
  readonly finetune: number;
  readonly rate: number;
  readonly batch: number;
  readonly seed: number;
}

export interface Tools {
  readonly backend: Backend;
  readonly dataset: Dataset | undefined;
  /** Against the network before the first cut; needed for a goal in time. */
  readonly stopwatch: Stopwatch | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** What a round left, and how well it does where there are images to judge by. */
export interface PrunedRound {
  readonly threshold: number;
  readonly channels: Selection["channels"];
  readonly report: CutReport;
  readonly accuracy?: { readonly cut: number; readonly after: number };
}

export interface Pruned {
  readonly model: Model;
  readonly rounds: readonly PrunedRound[];
  /** From the first network to the last. */
  readonly report: CutReport;
  readonly skipped: Scores["skipped"];
  readonly warnings: readonly string[];
  readonly accuracyBefore?: number;
}

/** Throws what its steps throw, naming the file and the options. */
export async function pruneModel(path: string, model: Model, options: PruningOptions, tools: Tools): Promise<Pruned> {
  const { output, dataset, signal, backend } = tools;
  const { criterion, protect, minimum, rounds: count, ...goal } = options;
  const judge = (which: Model): Promise<number> => accuracyOf(which, dataset as Dataset, backend, signal);
  const accuracyBefore = dataset && (await judge(model));
  const choose = await chooser(model, options, tools);
  const rounds: PrunedRound[] = [];
  const warnings = new Set<string>();
  let [skipped, last]: [Scores["skipped"], Model] = [{}, model];
  const steps = iterate<Model>(model, {
    rounds: count,
    goal,
    protect,
    minimum,
    score: (now, round) => scoresOf(path, now, { backend, dataset, signal, criterion, seed: options.seed + round - 1 }),
    ...(choose && { choose }),
    onSelection: (selection, scores, round) => {
      if (round === 1) for (const [site, why] of Object.entries(scores.skipped)) output.note(`${site} is left alone: ${why}`);
      if (round === 1) skipped = scores.skipped;
      for (const warning of [...selection.warnings, ...idle(scores, selection, goal.threshold)]) {
        if (!warnings.has(warning)) output.note(warning);
      }
      for (const warning of selection.warnings) warnings.add(warning);
    },
    ...(dataset && options.finetune > 0 && { finetune: (left, round) => finetune(left, dataset, options, round, tools) }),
  });
  await inOurWords(async () => {
    for await (const { round, selection, report, cut, network } of steps) {
      const right = dataset && (await judge(cut));
      const accuracy = right === undefined ? undefined : { cut: right, after: network === cut ? right : await judge(network) };
      rounds.push({ threshold: selection.threshold, channels: selection.channels, report, ...(accuracy && { accuracy }) });
      last = network;
      if (count > 1) output.progress(summary(round, count, rounds), true);
    }
  });
  const report = joinReports(rounds.map((round) => round.report));
  return {
    model: recorded(last, model, report.sites),
    rounds,
    report,
    skipped,
    warnings: [...warnings],
    ...(accuracyBefore !== undefined && { accuracyBefore }),
  };
}

function summary(round: number, count: number, rounds: readonly PrunedRound[]): string {
  const { after } = joinReports(rounds.map(({ report }) => report));
  const accuracy = rounds.at(-1)?.accuracy;
  const right = accuracy ? `, accuracy ${percent(accuracy.cut)}, then ${percent(accuracy.after)}` : "";
  return `round ${round} of ${count}: ${short(after.params)} parameters, ${short(after.macs)} multiply-adds left${right}`;
}

/** How survivors are chosen where it is not by `select`: by a clock, or by a file. */
async function chooser(model: Model, { keepTime, survivors, rounds }: PruningOptions, { stopwatch, output }: Tools): Promise<Choose> {
  if (survivors !== undefined) {
    const wanted = await readSurvivors(survivors, model.graph);
    return async ({ graph, tensors }, scores) => selectGiven(graph, tensors, scores, survivorsOf(wanted, graph, scores));
  }
  if (keepTime === undefined || !stopwatch) return undefined;
  return ({ graph, tensors }, scores, round, limits) =>
    selectTimed(graph, tensors, scores, {
      ...limits,
      keepTime: shareOfRound(keepTime, round, rounds),
      measure: async (small) => {
        const { ratio } = await stopwatch.time({ graph: small.graph, tensors: small.tensors });
        output.progress(`measured: ${percent(ratio.value)} of the time`);
        return ratio.value;
      },
    });
}

type Choose = Parameters<typeof iterate<Model>>[1]["choose"];

/** The split that accuracies are told of: the test images are for the end, unless there is nothing else. */
export const judged = (dataset: Dataset): "validation" | "test" => (dataset.validation.count > 0 ? "validation" : "test");

async function accuracyOf(model: Model, dataset: Dataset, backend: Backend, signal: AbortSignal): Promise<number> {
  return (await evaluate(model, batches(dataset[judged(dataset)], dataset, { size: 100 }), backend, { signal })).accuracy;
}

/** With the data set's preprocessing and class names where the model had none. */
async function finetune(model: Model, data: Dataset, options: PruningOptions, round: number, tools: Tools): Promise<Model> {
  const { rate, finetune: epochs, batch, seed } = options;
  const trainer = await Trainer.create({
    ...trainerSettings({ ...defaultSettings, rate }),
    model,
    data,
    backend: tools.backend,
    epochs,
    batchSize: Math.min(batch, data.train.count),
    seed: seed + round - 1,
    onEvent: trainingProgress(tools.output, { label: "fine-tuning" }),
  });
  try {
    await trainer.run({ signal: tools.signal });
    return await trainer.model();
  } finally {
    trainer.dispose();
  }
}
