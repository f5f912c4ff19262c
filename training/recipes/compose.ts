/** One recipe after another, and recipes with some of their settings changed. */
import { InputError } from "../../src/errors.ts";
import type { RecipeStage, StagedRecipe, TrainStage } from "./staged.ts";

/** The first one's network and start, then the stages of all: `chain("sparse", "…", rreluL1, half, finetune)`. */
export function chain(name: string, title: string, first: StagedRecipe, ...others: readonly (StagedRecipe | RecipeStage)[]): StagedRecipe {
  const later = others.flatMap((other) => ("stages" in other ? other.stages : [other]));
  return { ...first, name, title, stages: [...first.stages, ...later] };
}

/** What a user may want otherwise. */
export interface RecipeOverrides {
  readonly arch?: string;
  readonly activation?: "relu" | "rrelu";
  /** Of the first training stage; the others change in proportion. */
  readonly epochs?: number;
  readonly batchSize?: number;
  /** Of the first training stage; the others change in proportion. */
  readonly rate?: number;
  /** The optimizer's: groups that have their own keep it. */
  readonly weightDecay?: number;
  /** Strength of L1 on the slopes, where stages have it; else proximal in the first training stage. */
  readonly l1?: number;
  /** The slopes' rate relative to the others', where they learn. */
  readonly slopeRate?: number;
  readonly flip?: boolean;
  readonly crop?: number;
  /** In place of the goal of every cut. */
  readonly keepMacs?: number;
}

/** Throws InputError E_OPTION for something that the recipe has no use for. */
export function override(recipe: StagedRecipe, wanted: RecipeOverrides): StagedRecipe {
  const trainings = recipe.stages.filter((stage) => stage.kind === "train");
  const [first] = trainings;
  if (wanted.keepMacs !== undefined && !recipe.stages.some((stage) => stage.kind === "cut"))
    throw new InputError(
      "E_OPTION",
      `recipe ${recipe.name} cuts nothing, so keepMacs has no meaning; leave it out, or choose a recipe that cuts`,
    );
  const l1At = trainings.filter((stage) => stage.slopes?.l1);
  const context: Context = {
    wanted,
    epochs: wanted.epochs === undefined || !first ? undefined : wanted.epochs / first.epochs,
    rate: wanted.rate === undefined || !first ? undefined : wanted.rate / first.optimizer.rate,
    l1At: l1At.length > 0 ? l1At : trainings.slice(0, 1),
  };
  return {
    ...recipe,
    arch: wanted.arch ?? recipe.arch,
    activation: wanted.activation ?? recipe.activation,
    stages: recipe.stages.map((stage) => {
      if (stage.kind === "train") return overrideTraining(stage, context);
      return stage.kind === "cut" && wanted.keepMacs !== undefined ? { ...stage, goal: { keepMacs: wanted.keepMacs } } : stage;
    }),
  };
}

interface Context {
  readonly wanted: RecipeOverrides;
  /** Factors. */
  readonly epochs: number | undefined;
  readonly rate: number | undefined;
  readonly l1At: readonly TrainStage[];
}

function overrideTraining(stage: TrainStage, { wanted, epochs, rate, l1At }: Context): TrainStage {
  const { batchSize, weightDecay, flip, crop } = wanted;
  const slopes = slopesOf(stage, wanted, l1At);
  return {
    ...stage,
    epochs: epochs === undefined ? stage.epochs : Math.max(1, Math.round(stage.epochs * epochs)),
    batchSize: batchSize ?? stage.batchSize,
    optimizer: {
      ...stage.optimizer,
      rate: rate === undefined ? stage.optimizer.rate : Number((stage.optimizer.rate * rate).toPrecision(12)),
      weightDecay: weightDecay ?? stage.optimizer.weightDecay,
    },
    ...(slopes && { slopes }),
    augment: { flip: flip ?? stage.augment.flip, crop: crop ?? stage.augment.crop },
  };
}

function slopesOf(stage: TrainStage, { l1, slopeRate }: RecipeOverrides, l1At: readonly TrainStage[]): TrainStage["slopes"] {
  const { l1: own, ...rules } = stage.slopes ?? {};
  const wantsL1 = l1 !== undefined && l1At.includes(stage);
  const pull = wantsL1 ? (l1 > 0 ? { strength: l1, mode: own?.mode ?? ("proximal" as const) } : undefined) : own;
  const scale = slopeRate !== undefined && !rules.frozen ? { rateScale: slopeRate } : undefined;
  if (!stage.slopes && !pull && !scale) return undefined;
  return { ...rules, ...scale, ...(pull && { l1: pull }) };
}
