/**
 * One run: an arm's recipe from its start to its end, then what the page says of it. Every stage of training is kept under a name that follows from all that it
 * depends on, so that a run that was killed goes on, and arms that begin alike are trained once.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModel, Session } from "swivel-nn";
import { type datasets, models, Random, recipes, type TrainerEvent, wasmTrainingBackend } from "swivel-nn/training";
import { root } from "../../tools/entries.ts";
import { attackFacts } from "./attacks.ts";
import { factsOf, type Network, packed, percent, thisMachine, timesOf, today } from "./judge.ts";
import { type CurvePoint, type RunRecord, recordName } from "./record.ts";

export interface RunOptions {
  readonly plan: string;
  readonly recipe: recipes.StagedRecipe;
  readonly seed: number;
  readonly dataset: datasets.Dataset;
  readonly threads: number | "auto";
  readonly command: string;
  /** Whether the network at the end is attacked. */
  readonly attacked?: boolean;
  /** Where records go. */
  readonly out: string;
  /** Where stages are kept. */
  readonly work: string;
  readonly signal?: AbortSignal;
  tell(text: string): void;
}

const SAVE_EVERY = 120;

/** A line of a stage's log. */
type LogLine = { readonly commit: string } | CurvePoint;

/** Runs, or goes on, and writes the record; returns it. Throws what `runRecipe` throws. */
export async function runArm(options: RunOptions): Promise<RunRecord> {
  const { recipe, seed, dataset, signal, tell, work } = options;
  mkdirSync(work, { recursive: true });
  currentCommit();
  await loadAll();
  const kept = recipe.stages.map((stage, index) => (stage.kind === "train" ? join(work, nameOf(options, index)) : undefined));
  const from = kept.findLastIndex((path) => path !== undefined && existsSync(`${path}.safetensors`));
  const path = (index: number): string => kept[index] as string;
  const log = (index: number, line: LogLine): void => appendFileSync(`${path(index)}.jsonl`, `\n${JSON.stringify(line)}\n`);
  const onEvent = (event: TrainerEvent, index: number): void => {
    const { name } = recipe.stages[index] as recipes.TrainStage;
    if (event.kind === "start" && event.step < event.steps) log(index, { commit: currentCommit() });
    if (event.kind !== "epoch") return;
    const { epoch, epochs, train, validation, seconds } = event;
    const score = { loss: train.loss, accuracy: train.accuracy };
    const judged = validation && { validation: { loss: validation.loss, accuracy: validation.accuracy } };
    log(index, { stage: name, epoch, ...score, ...judged, seconds });
    const right = validation ? `, validation ${percent(validation.accuracy)}` : "";
    tell(
      `${recipe.name} seed ${seed}: ${name} ${epoch}/${epochs}, loss ${train.loss.toFixed(3)}, accuracy ${percent(train.accuracy)}${right}, ${seconds.toFixed(0)} s`,
    );
  };
  const backend = await wasmTrainingBackend({ threads: options.threads });
  try {
    const ground = { dataset, backend, seed, signal };
    const last = await recipes.runRecipe({
      ...ground,
      recipe,
      onEvent,
      checkpoint: (index) => ({ path: `${path(index)}.safetensors`, everySeconds: SAVE_EVERY }),
      ...(from >= 0 && { resume: readFileSync(`${path(from)}.safetensors`) }),
    });
    tell(`${recipe.name} seed ${seed}: testing and timing`);
    const cutAt = recipe.stages.findIndex((stage) => stage.kind === "cut");
    const trained = cutAt > 0 ? kept.slice(0, cutAt).findLastIndex((name) => name !== undefined) : -1;
    const before: Network = trained < 0 ? last : withoutState(readFileSync(`${path(trained)}.safetensors`));
    const files = { before: packed(before), after: packed(last) };
    const cut = trained < 0 ? undefined : await recipes.cutModel(before, recipe.stages[cutAt] as recipes.CutStage, ground);
    const { curve, commits } = readLogs(kept.filter((name) => name !== undefined));
    const { train, validation, test, name } = dataset;
    const record: RunRecord = {
      version: 1,
      plan: options.plan,
      arm: recipe.name,
      seed,
      command: options.command,
      commits: commits.length > 0 ? commits : [currentCommit()],
      date: today(),
      machine: thisMachine(),
      data: { name, train: train.count, validation: validation.count, test: test.count },
      recipe,
      curve,
      before: await factsOf(files.before, dataset),
      ...(cut && { cut: await factsOf(packed(cut.model), dataset), saved: cut.report.saved, reported: cut.report.counting.reported.saved }),
      after: await factsOf(files.after, dataset),
      ...(cut && { time: await timesOf(files.before, files.after) }),
      ...(options.attacked && { attacks: await attackFacts(last, dataset, backend) }),
    };
    const folder = join(options.out, options.plan);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, recordName(record)), `${JSON.stringify(record, null, 2)}\n`);
    return record;
  } finally {
    backend.dispose();
  }
}

/** Kernels are imported when they are first needed; hours later a build may have put others in their place. */
async function loadAll(): Promise<void> {
  const input = { channels: 1, height: 12, width: 12 };
  const { graph, init } = models.createModel("small-cnn", { activation: "relu", input, classes: 2 });
  const session = await Session.load(packed({ graph, tensors: init(new Random(0)) }), { backend: "wasm" });
  session.dispose();
}

const withoutState = (file: Uint8Array): Network => {
  const { training: _, ...model } = readModel(file);
  return model;
};

/** Of a stage: all that its result depends on, but for the code. */
function nameOf({ recipe, seed, dataset }: RunOptions, index: number): string {
  const { arch, activation, start, gammaStart, stages } = recipe;
  const { name, train, validation, mean, std } = dataset;
  const data = { name, train: train.count, validation: validation.count, mean, std };
  const all = { arch, activation, start, gammaStart, stages: stages.slice(0, index + 1), seed, data };
  return createHash("sha256").update(JSON.stringify(all)).digest("hex").slice(0, 16);
}

/** The curve over all stages, each epoch once: after a kill the last ones are done again, to the same numbers. */
export function readLogs(paths: readonly string[]): { readonly curve: CurvePoint[]; readonly commits: string[] } {
  const commits = new Set<string>();
  const curve = paths.flatMap((path) => {
    const points = new Map<number, CurvePoint>();
    for (const line of readFileSync(`${path}.jsonl`, "utf8").trimEnd().split("\n")) {
      // lines are apart by empty ones, since a kill may cut one short
      const entry = parsed(line);
      if (entry && "commit" in entry) commits.add(entry.commit);
      else if (entry) points.set(entry.epoch, entry);
    }
    return [...points.values()].sort((a, b) => a.epoch - b.epoch);
  });
  return { curve, commits: [...commits].reverse() };
}

function parsed(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

let known: string | undefined;

/** Of the code that this process runs: what is committed meanwhile is not in it. */
export function currentCommit(): string {
  known ??= readCommit();
  return known;
}

function readCommit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "src", "training", "assembly", "bench/results") !== "";
  return `${git("rev-parse", "--short=10", "HEAD")}${changed ? "+" : ""}`;
}
