/** Recipes by name, one file each, and what runs them. */
import { InputError } from "../../src/errors.ts";
import { early } from "./early.ts";
import { finetune } from "./finetune.ts";
import { mnistMlp } from "./mnist_mlp.ts";
import { relu } from "./relu.ts";
import { retrain } from "./retrain.ts";
import { rrelu } from "./rrelu.ts";
import { rreluL1 } from "./rrelu_l1.ts";
import { rreluNoDecay } from "./rrelu_no_decay.ts";
import { scratch } from "./scratch.ts";
import { slimming } from "./slimming.ts";
import { sparse } from "./sparse.ts";
import type { StagedRecipe } from "./staged.ts";
import { twoStep } from "./two_step.ts";

const all = [relu, rrelu, rreluNoDecay, rreluL1, twoStep, retrain, slimming, finetune, scratch, sparse, early, mnistMlp];

/** The recipes by name. */
export const recipes: Readonly<Record<string, StagedRecipe>> = Object.fromEntries(all.map((recipe) => [recipe.name, recipe]));

/** Throws InputError E_OPTION for a name that is none, listing those that are. */
export function recipeNamed(name: string): StagedRecipe {
  const recipe = Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (recipe) return recipe;
  throw new InputError("E_OPTION", `no recipe "${name}"; there are ${Object.keys(recipes).join(", ")}`);
}

export { chain, override, type RecipeOverrides } from "./compose.ts";
export { describeRecipe, describeStage } from "./describe.ts";
export { workOf } from "./estimate.ts";
export { type FinishedStage, type RecipeRun, recipeOf, runRecipe, withoutRecipe } from "./run.ts";
export { type CutStage, type GroupRules, parseStagedRecipe, type RecipeStage, type StagedRecipe, type TrainStage } from "./staged.ts";
export { calibrationBatches, cutModel, type RecipeGround, type RecipeModel } from "./steps.ts";
