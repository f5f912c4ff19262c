/** From a trainer's options, or from a checkpoint, to the parts of a run. */
import { InputError } from "../src/errors.ts";
import type { Tensors } from "../src/graph/graph.ts";
import type { Model } from "../src/model/model.ts";
import { type Position, readCheckpoint } from "./checkpoint.ts";
import type { Dataset } from "./data/dataset.ts";
import { checkFit, Feed, isDataset } from "./feed.ts";
import { NO_SUMS } from "./losses.ts";
import { Random } from "./random.ts";
import type { Recipe } from "./recipe.ts";
import { constant, type Schedule, scheduleFrom } from "./schedules.ts";
import { customSchedule, makeRecipe, type ResumeOptions, type TrainerOptions, type TrainerSettings } from "./trainer_options.ts";

export type TrainedModel = Omit<Model, "training">;

export interface Parts {
  readonly model: TrainedModel;
  readonly recipe: Recipe;
  readonly schedule: Schedule;
  readonly feed: Feed;
  readonly settings: TrainerSettings;
  /** Epochs fork their own generators from it; it never advances. */
  readonly random: Random;
  readonly position: Position;
  /** State of the training graph that is none of the network's; zeros where it is missing. */
  readonly state: Tensors;
}

export function newRun(options: TrainerOptions): Parts {
  const schedule = typeof options.schedule === "function" ? customSchedule(options.schedule) : (options.schedule ?? constant());
  const model = withDataset(options.model, options.data);
  const feed = makeFeed(options, model, options);
  const recipe = makeRecipe(options, schedule, feed);
  const position = { step: 0, epoch: 0, inEpoch: 0, sums: NO_SUMS };
  return { model, recipe, schedule, feed, settings: options, random: new Random(options.seed ?? 0), position, state: {} };
}

export function continuedRun(file: Uint8Array | ArrayBuffer, options: ResumeOptions): Parts {
  const { model, recipe, position, random, state } = readCheckpoint(file);
  if (options.schedule && recipe.schedule.kind !== "custom") {
    throw new InputError("E_OPTION", `the checkpoint knows its own schedule (${recipe.schedule.kind}); leave schedule out`);
  }
  const schedule = options.schedule ? customSchedule(options.schedule) : scheduleFrom(recipe.schedule);
  const feed = makeFeed(options, model, recipe);
  if (feed.stepsPerEpoch !== recipe.stepsPerEpoch) {
    const batches = (count: number | undefined) => count ?? "an unknown number of";
    throw new InputError(
      "E_INPUT",
      `the checkpoint was trained on epochs of ${batches(recipe.stepsPerEpoch)} batches, this data has ${batches(feed.stepsPerEpoch)}; give the same data`,
    );
  }
  return { model, recipe, schedule, feed, settings: options, random: Random.from(random), position, state };
}

function makeFeed(settings: TrainerSettings, model: TrainedModel, options: Pick<TrainerOptions, "batchSize" | "augment">): Feed {
  checkFit(model.graph, settings.data);
  const augment = { flip: options.augment?.flip ?? false, crop: options.augment?.crop ?? 0 };
  return new Feed(settings.data, { batchSize: options.batchSize ?? 128, augment, normalise: model.preprocess });
}

/** Fills in preprocessing and class names from the data set, on which the network is going to be trained. */
function withDataset(model: TrainerOptions["model"], data: TrainerOptions["data"]): TrainedModel {
  const { graph, tensors, info } = model;
  const filled = isDataset(data) ? { preprocess: preprocessOf(data), classNames: data.classNames } : {};
  const preprocess = model.preprocess ?? filled.preprocess;
  const classNames = model.classNames ?? filled.classNames;
  return { graph, tensors, ...(preprocess && { preprocess }), ...(classNames && { classNames }), ...(info && { info }) };
}

/** Undefined for images of other than 1 or 3 channels, which no picture gives. */
export function preprocessOf({ channels, width, height, mean, std }: Dataset): Model["preprocess"] {
  if (channels === 1) return { width, height, channels, order: "gray", mean, std };
  if (channels === 3) return { width, height, channels, order: "RGB", mean, std };
  return undefined;
}
