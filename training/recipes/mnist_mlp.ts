/**
 * The authors' recipe for MNIST, whole: one hidden layer of 500, Adam 5e-4, batches of 200, 300 epochs, no weight decay, images as they are.
 *
 * Measured (results/mnist-mlp, three seeds): 98.02 % (97.40 to 98.41), plain ReLU 98.36 % (98.32 to 98.40), rotated with L1 98.38 % (98.29 to 98.48); cut by slope
 * to half of the multiply-adds and fine-tuned 98.09 %, with L1 98.32 %, to a quarter 97.89 % and 97.99 %.
 */
import { adam } from "../optimizers.ts";
import { constant } from "../schedules.ts";
import type { StagedRecipe } from "./staged.ts";

export const mnistMlp: StagedRecipe = {
  name: "mnist-mlp",
  title: "the authors' MNIST network by their recipe",
  arch: "mlp-784-500-10",
  activation: "rrelu",
  start: "fresh",
  stages: [
    {
      kind: "train",
      name: "training",
      epochs: 300,
      batchSize: 200,
      optimizer: adam({ rate: 5e-4 }).settings,
      schedule: constant().settings,
      augment: { flip: false, crop: 0 },
    },
  ],
};
