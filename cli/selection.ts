/** What `prune` cuts: scores and survivors, with errors in the words of the command line. */
import type { Backend } from "../src/backends/backend.ts";
import { InputError } from "../src/errors.ts";
import type { Model } from "../src/model/model.ts";
import type { Dataset } from "../training/data/index.ts";
import { type Criterion, type Goal, type Scores, type Selection, scoreChannels } from "../training/prune/index.ts";
import { calibrationBatches } from "../training/recipes/index.ts";
import { messageOf, naming } from "./files.ts";

export interface ScoringOptions {
  readonly criterion: Criterion;
  readonly seed: number;
  readonly backend: Backend;
  /** For criteria that need data. */
  readonly dataset: Dataset | undefined;
  readonly signal: AbortSignal;
}

/** Throws what `scoreChannels` throws, naming the file, and InputError E_INPUT where the criterion applies to none of its activations. */
export async function scoresOf(path: string, { graph, tensors }: Model, options: ScoringOptions): Promise<Scores> {
  const { criterion, seed, backend, dataset, signal } = options;
  const calibration = dataset && { backend, batches: calibrationBatches(dataset) };
  const scores = await naming(path, () => scoreChannels(graph, tensors, { criterion, seed, signal, ...(calibration && { calibration }) }));
  if (Object.keys(scores.sites).length > 0) return scores;
  const [[site, why] = ["", "there is none"]] = Object.entries(scores.skipped);
  const which = site === "" ? "" : `, "${site}" for one: ${why}`;
  throw new InputError("E_INPUT", `criterion ${criterion} applies to no activation of ${path}${which}; take --criterion l1 or taylor`);
}

/** How much dies, in one of these ways. */
export interface CliGoal extends Goal {
  /** The share of the time to keep, measured here. */
  readonly keepTime?: number;
  /** A file that says who survives. */
  readonly survivors?: string;
}

/** Options that say what to cut, by their names here. */
export const GOALS: Readonly<Record<keyof CliGoal, string>> = {
  threshold: "--threshold",
  percentile: "--percentile",
  keepMacs: "--keep-macs",
  keepParams: "--keep-params",
  keepBytes: "--keep-bytes",
  keepTime: "--keep-time",
  survivors: "--survivors",
};

/** Throws InputError E_OPTION unless there is exactly one. */
export function checkGoal(goal: CliGoal): void {
  const given = (Object.keys(GOALS) as (keyof CliGoal)[]).filter((name) => goal[name] !== undefined);
  const [first, second] = given.map((name) => GOALS[name]);
  if (first === undefined)
    throw new InputError("E_OPTION", "say what to cut: --threshold 0.1, or --keep-macs 0.5; --help shows other ways");
  if (second !== undefined) throw new InputError("E_OPTION", `${first} and ${second} both say what to cut; give one of them`);
}

/** What `work` throws, with the options by their names here. */
export async function inOurWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== "E_OPTION") throw error;
    const text = messageOf(error)
      .replace(/^(keep\w+|percentile)\b/, (name) => GOALS[name as keyof CliGoal] ?? name)
      .replace(/^protect/, "--protect")
      .replace("lower minimum", "lower --minimum");
    throw new InputError("E_OPTION", text, { cause: error });
  }
}

/** What to say where nothing was cut: how far the scores are from the threshold. */
export function idle({ criterion, sites }: Scores, { channels }: Selection, threshold: number | undefined): string[] {
  if (threshold === undefined || channels.alive < channels.total) return [];
  const all = Object.values(sites).flatMap((scores) => [...scores]);
  const [low, high] = [Math.min, Math.max].map((most) => all.reduce((a, b) => most(a, b)).toPrecision(3));
  return [`nothing to cut: the scores by ${criterion} lie between ${low} and ${high}, the threshold is ${threshold}`];
}
