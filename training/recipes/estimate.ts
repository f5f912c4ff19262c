/** How much work the stages of a recipe are, relative to each other: enough to tell from a few steps how long all of it takes. */
import type { Dataset } from "../data/dataset.ts";
import type { StagedRecipe } from "./staged.ts";

/** Forward alone, as a share of a training step. */
const VALIDATION = 1 / 3;

/**
 * The work of each stage in images of training by the network that the recipe begins with, validation included; 0 for stages that do not train. What a cut
 * saves counts where its goal says so; a threshold does not, so that the estimate is an upper bound.
 */
export function workOf({ stages }: StagedRecipe, { train, validation }: Pick<Dataset, "train" | "validation">): number[] {
  let share = 1;
  return stages.map((stage) => {
    if (stage.kind === "cut") share *= stage.goal.keepMacs ?? 1;
    if (stage.kind !== "train") return 0;
    return share * stage.epochs * (train.count + VALIDATION * validation.count);
  });
}
