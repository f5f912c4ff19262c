/**
 * The baseline: plain ReLU, trained as the others are. SGD and augmentation as the method's authors have them on CIFAR; one cycle of 30 epochs in place of
 * their 1,200 with a cosine.
 *
 * Measured: not yet.
 */
import { rrelu } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const relu: StagedRecipe = { ...rrelu, name: "relu", title: "plain ReLU, the baseline", activation: "relu" };
