/** What a trainer is given, and how it becomes a recipe. */
import type { Backend } from "../src/backends/backend.ts";
import { InputError } from "../src/errors.ts";
import type { Model } from "../src/model/model.ts";
import type { TrainerEvent } from "./events.ts";
import type { Feed, TrainingData } from "./feed.ts";
import { type ParameterGroup, resolveGroups } from "./groups.ts";
import type { Optimizer } from "./optimizers.ts";
import type { Recipe } from "./recipe.ts";
import type { Schedule } from "./schedules.ts";

/** When and where a training is kept. */
export interface CheckpointOptions {
  /** File to write (Node); the last one is replaced only by a whole one. */
  readonly path?: string;
  /** Takes each checkpoint instead, or as well: to upload it, to keep it in a browser's storage. */
  readonly save?: (bytes: Uint8Array) => void | Promise<void>;
  /** Beside those after each epoch, at the end and when the signal fires. */
  readonly everySteps?: number;
  readonly everySeconds?: number;
}

/** What does not change the result: where it runs and what it tells. */
export interface TrainerSettings {
  /** One that knows the training ops, such as `wasmTrainingBackend()`. The trainer disposes what it compiles, not the backend. */
  readonly backend: Backend;
  readonly data: TrainingData;
  readonly checkpoint?: CheckpointOptions;
  readonly onEvent?: (event: TrainerEvent) => void;
}

/** What `Trainer.create` needs. */
export interface TrainerOptions extends TrainerSettings {
  /** Graph (unfused, ending in logits) and tensors, as `createModel` and `Net.build().init` give them or `readModel` reads them. */
  readonly model: Pick<Model, "graph" | "tensors" | "preprocess" | "classNames" | "info">;
  /** One of both: passes over the data, or updates. */
  readonly epochs?: number;
  readonly steps?: number;
  /** Examples of an update, where the data is a data set; 128 unless given. */
  readonly batchSize?: number;
  readonly optimizer: Optimizer;
  /** The rate stays the same unless given. A function of (updates done, updates in all) gives the factor of the rate. */
  readonly schedule?: Schedule | Schedule["factor"];
  /** First match wins; parameters that none takes form the group `default`. */
  readonly groups?: readonly ParameterGroup[];
  readonly labelSmoothing?: number;
  /** For a data set: mirror at random, and crop after padding with so many pixels. */
  readonly augment?: { readonly flip?: boolean; readonly crop?: number };
  /** Of shuffling and augmentation; 0 unless given. */
  readonly seed?: number | string;
  /** Steps between two readings of loss and accuracy, 10 unless given. */
  readonly readEvery?: number;
  /** Epochs between two validations, 1 unless given; 0: never. */
  readonly validateEvery?: number;
}

/** What a resumed run needs beside its checkpoint: the same data, and the schedule if it was a function. */
export interface ResumeOptions extends TrainerSettings {
  readonly schedule?: Schedule["factor"];
}

export function customSchedule(factor: Schedule["factor"]): Schedule {
  return { settings: { kind: "custom" }, factor };
}

/** Throws InputError E_OPTION for impossible options, or where the number of steps cannot be told. */
export function makeRecipe(options: TrainerOptions, schedule: Schedule, feed: Feed): Recipe {
  const { batchSize, labelSmoothing = 0, augment = {}, readEvery = 10, validateEvery = 1 } = options;
  const whole: Record<string, readonly [number, number]> = {
    batchSize: [batchSize ?? 128, 1],
    readEvery: [readEvery, 1],
    validateEvery: [validateEvery, 0],
    "augment.crop": [augment.crop ?? 0, 0],
  };
  for (const [name, [value, min]] of Object.entries(whole)) checkWhole(name, value, min);
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throw new InputError("E_OPTION", `labelSmoothing is ${labelSmoothing}; give a number from 0 to below 1`);
  const { stepsPerEpoch } = feed;
  return {
    batchSize: batchSize ?? 128,
    ...lengthOf(options, stepsPerEpoch),
    ...(stepsPerEpoch !== undefined && { stepsPerEpoch }),
    optimizer: options.optimizer.settings,
    schedule: schedule.settings,
    groups: resolveGroups(options.model.graph, options.groups ?? []),
    labelSmoothing,
    augment: { flip: augment.flip ?? false, crop: augment.crop ?? 0 },
    readEvery,
    validateEvery,
  };
}

function lengthOf({ epochs, steps }: TrainerOptions, stepsPerEpoch: number | undefined): { steps: number; epochs?: number } {
  if ((epochs === undefined) === (steps === undefined))
    throw new InputError("E_OPTION", "give either epochs or steps, not both and not neither");
  if (steps !== undefined) {
    checkWhole("steps", steps, 1);
    return stepsPerEpoch === undefined ? { steps } : { steps, epochs: Math.ceil(steps / stepsPerEpoch) };
  }
  checkWhole("epochs", epochs as number, 1);
  if (stepsPerEpoch === undefined) {
    throw new InputError(
      "E_OPTION",
      "how many batches an epoch of this data has cannot be told; give steps in place of epochs, or data.stepsPerEpoch",
    );
  }
  if (stepsPerEpoch < 1) throw new InputError("E_INPUT", "the training data is empty; give at least one batch");
  return { steps: (epochs as number) * stepsPerEpoch, epochs };
}

function checkWhole(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min)
    throw new InputError("E_OPTION", `${name} is ${value}; give an integer of ${min} or more`);
}
