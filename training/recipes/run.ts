/** Runs a recipe, stage by stage. Killed at any time, it goes on from its last checkpoint in the right stage, to the same bits. */
import { InputError, ModelError } from "../../src/errors.ts";
import { readModel } from "../../src/model/model.ts";
import type { TrainerEvent } from "../events.ts";
import { type ParameterGroup, slopeGroup } from "../groups.ts";
import { optimizerFrom } from "../optimizers.ts";
import type { ParameterKind } from "../parameters.ts";
import type { CutReport } from "../prune/report.ts";
import { scheduleFrom } from "../schedules.ts";
import { Trainer } from "../trainer.ts";
import type { CheckpointOptions } from "../trainer_options.ts";
import { parseStagedRecipe, type RecipeStage, type StagedRecipe, type TrainStage } from "./staged.ts";
import { cutModel, firstModel, forgotten, type RecipeGround, type RecipeModel, rotated } from "./steps.ts";

/** A stage that is over. */
export interface FinishedStage {
  readonly index: number;
  readonly stage: RecipeStage;
  /** As the stage left it. */
  readonly model: RecipeModel;
  /** Of a cut. */
  readonly report?: CutReport;
}

/** A recipe and what it is run on. */
export interface RecipeRun extends RecipeGround {
  readonly recipe: StagedRecipe;
  /** For a recipe whose start is `given`. */
  readonly model?: RecipeModel;
  /** Where the training of a stage is kept: one place for all stages, or one for each. */
  readonly checkpoint?: (index: number) => CheckpointOptions;
  /** A checkpoint of this recipe: its stage goes on, those before it are over. */
  readonly resume?: Uint8Array;
  readonly onEvent?: (event: TrainerEvent, index: number) => void;
  /** May add to a cut network what its file shall tell of the cut. */
  readonly onCut?: (small: RecipeModel, before: RecipeModel, report: CutReport) => RecipeModel;
  readonly onStage?: (finished: FinishedStage) => void | Promise<void>;
}

/** What a checkpoint says about the recipe that wrote it; undefined for one of no recipe. Throws ModelError E_FORMAT. */
export function recipeOf(file: Uint8Array): { readonly recipe: StagedRecipe; readonly index: number; readonly seed: number } | undefined {
  const { info = {} } = readModel(file);
  if (info.recipe === undefined) return undefined;
  const recipe = parseStagedRecipe(info.recipe);
  const [index, seed] = [Number(info.stage), Number(info.seed)];
  if (recipe.stages[index]?.kind !== "train")
    throw new ModelError("E_FORMAT", `the checkpoint's stage is ${info.stage}, which is no training stage of its recipe`);
  if (!Number.isSafeInteger(seed)) throw new ModelError("E_FORMAT", `the checkpoint's seed is ${info.seed}; expected an integer`);
  return { recipe, index, seed };
}

/** What a model tells of itself, without what only a checkpoint needs. */
export function withoutRecipe(info: RecipeModel["info"]): RecipeModel["info"] {
  const { recipe: _, stage: __, ...rest } = info ?? {};
  return info && rest;
}

/**
 * The network at the recipe's end. Throws what Trainer, cuts and `createModel` throw, InputError E_OPTION where the network to start from is missing or
 * not wanted. With an aborted signal the last checkpoint has been saved.
 */
export async function runRecipe(run: RecipeRun): Promise<RecipeModel> {
  const { recipe } = run;
  let next = 0;
  let model: RecipeModel;
  if (run.resume) {
    next = recipeOf(run.resume)?.index ?? 0;
    model = await train(run, await Trainer.resume(run.resume, settingsOf(run, next)));
    await run.onStage?.({ index: next, stage: recipe.stages[next] as RecipeStage, model });
    next++;
  } else model = startOf(run);
  for (let index = next; index < recipe.stages.length; index++) {
    const stage = recipe.stages[index] as RecipeStage;
    let report: CutReport | undefined;
    if (stage.kind === "train") model = await train(run, await Trainer.create(optionsOf(run, index, stage, model)));
    else if (stage.kind === "rotate") model = rotated(model, run);
    else if (stage.kind === "fresh") model = forgotten(model, run.seed);
    else {
      const { model: small, report: told } = await cutModel(model, stage, run);
      report = told;
      model = run.onCut?.(small, model, told) ?? small;
    }
    await run.onStage?.({ index, stage, model, ...(report && { report }) });
  }
  return model;
}

function startOf({ recipe, model, dataset, seed }: RecipeRun): RecipeModel {
  if (recipe.start === "fresh") {
    if (!model) return firstModel(recipe, { dataset, seed });
    throw new InputError(
      "E_OPTION",
      `recipe ${recipe.name} starts with weights of its own; leave the network out, or choose a recipe that goes on from one`,
    );
  }
  if (model) return model;
  throw new InputError("E_OPTION", `recipe ${recipe.name} goes on from a network that is there already; give one`);
}

async function train({ signal }: RecipeRun, trainer: Trainer): Promise<RecipeModel> {
  try {
    await trainer.run({ signal });
    return await trainer.model();
  } finally {
    trainer.dispose();
  }
}

/** Keys in one order, whether the recipe comes from here or out of a checkpoint. */
const canonical = (recipe: StagedRecipe): string => JSON.stringify(parseStagedRecipe(JSON.stringify(recipe)));

function settingsOf({ backend, dataset, checkpoint, onEvent }: RecipeRun, index: number) {
  const kept = checkpoint?.(index);
  return {
    backend,
    data: dataset,
    ...(kept && { checkpoint: kept }),
    ...(onEvent && { onEvent: (event: TrainerEvent) => onEvent(event, index) }),
  };
}

function optionsOf(run: RecipeRun, index: number, stage: TrainStage, model: RecipeModel) {
  const { recipe, dataset, seed } = run;
  const info = { ...model.info, data: dataset.name, seed: String(seed), recipe: canonical(recipe), stage: String(index) };
  return {
    ...settingsOf(run, index),
    model: { ...model, info },
    epochs: stage.epochs,
    batchSize: Math.min(stage.batchSize, dataset.train.count),
    optimizer: optimizerFrom(stage.optimizer),
    schedule: scheduleFrom(stage.schedule),
    groups: groupsOf(stage),
    augment: stage.augment,
    // each stage walks through the images in an order of its own
    seed: index === 0 ? seed : `${seed} stage ${index}`,
  };
}

function groupsOf({ slopes, gamma, rest }: TrainStage): ParameterGroup[] {
  const group = (name: string, rules: TrainStage["rest"], kinds: (kind: ParameterKind) => boolean): ParameterGroup[] =>
    rules ? [{ name, ...rules, match: (_, kind) => kinds(kind) }] : [];
  return [
    ...(slopes ? [slopeGroup(slopes)] : []),
    ...group("gamma", gamma, (kind) => kind === "gamma"),
    ...group("rest", rest, (kind) => kind !== "slope" && (kind !== "gamma" || !gamma)),
  ];
}
