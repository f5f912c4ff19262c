/** What the main job spends: the same number of training images whatever the data set, so that it takes the same time. */
import { type Batch, batches, type Dataset, pick, type Split } from "../../training/data/index.ts";
import type { CustomData } from "../../training/feed.ts";
import { Random } from "../../training/random.ts";
import { defaultSettings, type TrainingSettings } from "../../training/settings.ts";

/** Images of an update. Small, since the budget is: more updates come out of it. */
export const BATCH = 32;
/** Pixels by which training images are shifted at random: worth more than a point on a set this small, and harmless for letters and digits. */
const SHIFT = 1;
/** Training images that stand for one epoch. */
export const EPOCH_IMAGES = 6000;
/** Validation images that are looked at after each epoch and for the choice of the threshold. */
const VALIDATION_IMAGES = 1000;
/** Epochs of fine-tuning for each epoch of training: a cut network is cheap to train. */
export const FINETUNE_SHARE = 2;

/** The ways of training that are compared. The L1 arm is the one that is cut. */
export const ARMS: readonly { readonly name: string; readonly activation: "relu" | "rrelu"; readonly settings: TrainingSettings }[] = [
  { name: "ReLU", activation: "relu", settings: defaultSettings },
  { name: "RReLU", activation: "rrelu", settings: defaultSettings },
  { name: "RReLU + L1", activation: "rrelu", settings: { ...defaultSettings, l1: 0.03 } },
];
export const FINETUNE: TrainingSettings = defaultSettings;

/** Multiply-adds that the cut must save at least. */
export const TARGET_SAVED = 0.5;
/** Channels that every layer keeps, so that no layer dies whole. */
export const MINIMUM_CHANNELS = 2;

export interface Budget {
  readonly data: CustomData;
  readonly validation: Split;
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/**
 * The training data of one arm: an endless walk through shuffled passes, the same for every arm of a seed. Fine-tuning walks in an order of its own,
 * since it would otherwise see again what the arm that it goes on from saw first.
 */
export function budgetOf(dataset: Dataset, epochs: number, seed: number, phase: "training" | "fine-tuning" = "training"): Budget {
  const size = Math.min(BATCH, dataset.train.count);
  const stepsPerEpoch = Math.max(1, Math.floor(Math.min(EPOCH_IMAGES, dataset.train.count) / size));
  const { validation } = dataset;
  const few = validation.count <= VALIDATION_IMAGES ? validation : pick(validation, sample(validation.count, VALIDATION_IMAGES));
  const data: CustomData = {
    train: endless(dataset, size, new Random(`${phase} ${seed}`)),
    validation: () => batches(few, dataset, { size: 100 }),
    stepsPerEpoch,
  };
  return { data, validation: few, steps: epochs * stepsPerEpoch, stepsPerEpoch };
}

function sample(from: number, count: number): Int32Array {
  const order = Int32Array.from({ length: from }, (_, i) => i);
  new Random("validation").shuffle(order);
  return order.subarray(0, count);
}

function* endless(dataset: Dataset, size: number, random: Random): Generator<Batch, void, void> {
  for (;;) yield* batches(dataset.train, dataset, { size, shuffle: random, augment: { crop: SHIFT, random }, dropLast: true });
}
