/**
 * A third of the training again, at half the rate, for a network that was cut. Slopes keep learning, and nothing pulls them to zero.
 *
 * Measured (results/fashion-lenet, three seeds, 7 epochs): networks cut to half of the multiply-adds go from 35 to 70 % right after the cut to 88 to 89 %.
 */
import { sgd } from "../optimizers.ts";
import { rrelu, training } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const finetune: StagedRecipe = {
  ...rrelu,
  name: "finetune",
  title: "fine-tuning of a network that is there already",
  start: "given",
  stages: [
    {
      ...training,
      name: "fine-tuning",
      epochs: 10,
      optimizer: sgd({ rate: 0.05, momentum: 0.9, weightDecay: 1e-4 }).settings,
      slopes: { weightDecay: 0 },
    },
  ],
};
