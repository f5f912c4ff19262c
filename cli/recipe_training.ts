/** `swivel train --recipe`: says what it will do and how long that takes, then does it, stage by stage; --resume goes on in the right one. */
import type { Command } from "commander";
import { InputError, SwivelError } from "../src/errors.ts";
import { costOf } from "../src/graph/cost.ts";
import { readModel, writeModel } from "../src/model/model.ts";
import { ops } from "../src/ops/index.ts";
import { readSource } from "../src/source.ts";
import { writeWhole } from "../training/checkpoint_file.ts";
import { batches, type Dataset, type Split } from "../training/data/index.ts";
import { evaluate } from "../training/evaluate.ts";
import type { TrainerEvent } from "../training/events.ts";
import * as recipes from "../training/recipes/index.ts";
import type { TrainOptions } from "./commands/train.ts";
import { openData, openDataFor } from "./data.ts";
import { naming, openModel } from "./files.ts";
import { openTrainingBackend } from "./options.ts";
import { type Output, percent, plural, span, trained } from "./output.ts";
import { recorded } from "./picture.ts";
import { trainingProgress } from "./progress.ts";
import { checkSameImages } from "./resume.ts";

/** A recipe as it will run, and the checkpoint that it goes on from. */
export interface ChosenRecipe {
  readonly recipe: recipes.StagedRecipe;
  readonly seed: number;
  readonly file?: Uint8Array;
}

/** Seconds between two checkpoints. */
const SAVE_EVERY = 120;
/** Readings of the trainer until the time of a step is known: the first is slower. */
const READINGS = 2;

/**
 * The recipe that the options ask for, or that the checkpoint to resume was begun with; undefined where it is neither. Throws InputError E_OPTION where
 * options do not go with it.
 */
export async function recipeFor(options: TrainOptions, command: Command): Promise<ChosenRecipe | undefined> {
  const given = <K extends keyof TrainOptions>(name: K): TrainOptions[K] | undefined =>
    command.getOptionValueSource(name) === "cli" ? options[name] : undefined;
  const wanted: recipes.RecipeOverrides = {
    arch: given("arch"),
    activation: given("activation"),
    epochs: given("epochs"),
    batchSize: given("batch"),
    rate: given("rate"),
    weightDecay: given("weightDecay"),
    l1: given("l1"),
    slopeRate: given("slopeRate"),
    flip: given("flip"),
    crop: given("crop"),
    keepMacs: given("keepMacs"),
  };
  const { recipe: name, weights, out, resume } = options;
  if (resume) {
    const file = await readSource(out, {});
    const begun = await naming(out, () => recipes.recipeOf(file));
    if (begun) return { ...resumed(out, begun, { name, wanted, seed: given("seed"), weights }), file };
    if (name !== undefined)
      throw new InputError(
        "E_OPTION",
        `--recipe ${name}: ${out} was begun without one; leave --recipe out, or start anew with another --out`,
      );
  }
  if (name === undefined) {
    const alone = weights !== undefined ? "--weights" : options.keepMacs !== undefined ? "--keep-macs" : undefined;
    if (alone === undefined) return undefined;
    throw new InputError(
      "E_OPTION",
      `${alone} goes with a recipe; add --recipe, such as --recipe ${weights === undefined ? "sparse" : "finetune"}`,
    );
  }
  const recipe = recipes.override(recipes.recipeNamed(name), wanted);
  if (recipe.start === "given" && weights === undefined)
    throw new InputError("E_OPTION", `recipe ${name} goes on from a network that is there; name its file with --weights`);
  return { recipe, seed: options.seed };
}

type Begun = NonNullable<ReturnType<typeof recipes.recipeOf>>;

function resumed(
  out: string,
  { recipe, seed }: Begun,
  given: { name?: string; wanted: recipes.RecipeOverrides; seed?: number; weights?: string },
): ChosenRecipe {
  const fail = (what: string): InputError =>
    new InputError("E_OPTION", `${what}, which cannot change on the way; leave it out, or start anew with another --out`);
  if (given.name !== undefined && given.name !== recipe.name) throw fail(`--recipe ${given.name}: ${out} was begun with ${recipe.name}`);
  if (given.weights !== undefined) throw fail(`--weights ${given.weights}: ${out} has weights of its own`);
  if (given.seed !== undefined && given.seed !== seed) throw fail(`--seed ${given.seed}: ${out} was begun with ${seed}`);
  for (const [name, value] of Object.entries(given.wanted)) {
    if (value === undefined || JSON.stringify(recipes.override(recipe, { [name]: value })) === JSON.stringify(recipe)) continue;
    const option = name === "batchSize" ? "batch" : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw fail(`--${value === false ? "no-" : ""}${option}${typeof value === "boolean" ? "" : ` ${value}`}: ${out} was begun with another`);
  }
  return { recipe, seed };
}

export async function trainByRecipe(
  { recipe, seed, file }: ChosenRecipe,
  options: TrainOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { out } = options;
  const choice = { data: options.data, limitTrain: options.limit };
  const start = options.weights === undefined ? undefined : (await openModel(options.weights)).model;
  const held = file && readModel(file);
  // a network that was there before brings its own mean and spread along
  const fit = start ?? (recipe.start === "given" ? held : undefined);
  const dataset = await (fit ? openDataFor(fit, choice, output, signal) : openData(choice, output, signal));
  if (held) checkSameImages(held, out, dataset);
  output.note(`${recipe.name}: ${recipe.title}`);
  if (recipe.start === "fresh") output.note(`  ${recipe.arch}, ${recipe.activation}`);
  for (const line of recipes.describeRecipe(recipe)) output.note(`  ${line}`);
  const backend = await openTrainingBackend(options.backend, options.threads);
  try {
    const tell = teller(recipe, dataset, output);
    const { training: _, ...model } = start ?? { training: undefined };
    const last = await runUntilInterrupted(out, () =>
      recipes.runRecipe({
        recipe,
        dataset,
        backend,
        seed,
        signal,
        ...(start && { model: model as recipes.RecipeModel }),
        ...(file && { resume: file }),
        checkpoint: () => ({ path: out, everySeconds: SAVE_EVERY }),
        onEvent: tell.event,
        onCut: (small, before, report) => recorded(small, before, report.sites),
        onStage: tell.stage,
      }),
    );
    // a training that ends a recipe has written its checkpoint
    if (recipe.stages.at(-1)?.kind !== "train") await writeWhole(out, writeModel({ ...last, info: recipes.withoutRecipe(last.info) }));
    const judge = async (split: Split) =>
      split.count > 0 ? evaluate(last, batches(split, dataset, { size: Math.min(100, split.count) }), backend, { signal }) : undefined;
    const [validation, test] = [await judge(dataset.validation), await judge(dataset.test)];
    const { params, macs } = costOf(last.graph, ops);
    const { architecture: arch, activation } = last.info ?? {};
    const value = {
      out,
      recipe: recipe.name,
      stages: recipe.stages,
      arch,
      activation,
      data: dataset.name,
      validation,
      test,
      params,
      macs,
      seed,
    };
    output.result({ ...value, estimatedSeconds: tell.estimate() }, trained(out, test as NonNullable<typeof test>, { params, macs }));
  } finally {
    backend.dispose();
  }
}

/** Progress of all stages: each under its name, and how long all of it will take as soon as that is known. */
function teller(recipe: recipes.StagedRecipe, dataset: Dataset, output: Output) {
  const work = recipes.workOf(recipe, dataset);
  let readings = 0;
  let estimated: number | undefined;
  let progress: ((event: TrainerEvent) => void) | undefined;
  let at = -1;
  const event = (told: TrainerEvent, index: number): void => {
    const stage = recipe.stages[index] as recipes.TrainStage;
    if (at !== index) progress = trainingProgress(output, { label: stage.name });
    at = index;
    progress?.(told);
    if (told.kind !== "step" || estimated !== undefined || ++readings < READINGS) return;
    const perImage = told.seconds / told.count;
    const left = work.slice(index + 1).reduce((sum, images) => sum + images, 0);
    // the work of this stage is told in images of the first network, its time in its own
    const own = stage.epochs * (dataset.train.count + dataset.validation.count / 3);
    const scale = (work[index] as number) / own;
    const done = told.step / told.steps;
    estimated = perImage * (own * (1 - done) + left / scale);
    output.note(
      `about ${span(estimated)} from here, by the first steps on this machine (${recipe.stages.length === 1 ? "one stage" : `${plural(recipe.stages.length, "stage")}`})`,
    );
  };
  const stage = ({ index, stage: finished, report }: recipes.FinishedStage): void => {
    if (!report) return;
    const { saved, sites } = report;
    const [alive, all] = [sites.reduce((sum, site) => sum + site.alive, 0), sites.reduce((sum, site) => sum + site.channels, 0)];
    const text = `${recipes.describeStage(finished)}: ${alive} of ${plural(all, "channel")} left, ${percent(saved.macs)} of the multiply-adds and ${percent(saved.params)} of the parameters saved`;
    output.note(`stage ${index + 1} of ${recipe.stages.length}, ${text}`);
  };
  return { event, stage, estimate: () => estimated };
}

async function runUntilInterrupted<T>(out: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SwivelError) || error.code !== "E_ABORTED") throw error;
    throw new SwivelError("E_ABORTED", `interrupted; ${out} holds what was trained: go on with --resume`, { cause: error });
  }
}
