/**
 * The baseline: plain ReLU, trained as the others are. SGD and augmentation as the method's authors have them on CIFAR; one cycle of 30 epochs in place of
 * their 1,200 with a cosine.
 *
 * Measured (results/fashion-lenet: LeNet on Fashion-MNIST, 20 epochs, three seeds): 90.03 % (89.92 to 90.10); cut by the filters' L1 norms to half of the
 * multiply-adds and fine-tuned 89.21 % (89.08 to 89.43).
 */
import { rrelu } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const relu: StagedRecipe = { ...rrelu, name: "relu", title: "plain ReLU, the baseline", activation: "relu" };
