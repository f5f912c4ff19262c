/**
 * The control that a cut must beat: the same small network with fresh weights, trained for as long as the large one and its fine-tuning together.
 *
 * Measured (results/fashion-lenet: LeNet on Fashion-MNIST, 27 epochs, three seeds): 88.36 % (87.85 to 88.82) with half of the multiply-adds, in the shape
 * that rrelu-l1 found.
 */
import { finetune } from "./finetune.ts";
import { rrelu, training } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

const more = finetune.stages.reduce((sum, stage) => sum + (stage.kind === "train" ? stage.epochs : 0), 0);

export const scratch: StagedRecipe = {
  ...rrelu,
  name: "scratch",
  title: "a cut network, its weights forgotten, trained from scratch",
  start: "given",
  stages: [{ kind: "fresh" }, { ...training, name: "from scratch", epochs: training.epochs + more, slopes: { weightDecay: 0 } }],
};
