/** Data sets as commands open them: the user's folder or the slice that ships, fit for the model at hand. */
import { DataError, InputError } from "../src/errors.ts";
import type { Model } from "../src/model/model.ts";
import { type Dataset, fashionSlice, openDataset, type Split } from "../training/data/index.ts";
import { checkFit } from "../training/feed.ts";
import { messageOf } from "./files.ts";
import type { Output } from "./output.ts";

export interface DataChoice {
  /** The folder; undefined for the slice. */
  readonly data?: string;
  /** Use so many images at most, validation images being taken from the training images. */
  readonly limitTrain?: number;
  readonly limitTest?: number;
}

/** What class folders' pictures are resized and converted to. */
interface PictureShape {
  readonly size?: { readonly width: number; readonly height: number };
  readonly channels?: number;
}

/** Throws DataError for a data set that is malformed or has no test images. */
export async function openData(choice: DataChoice, output: Output, signal: AbortSignal, shape: PictureShape = {}): Promise<Dataset> {
  const limit = { train: choice.limitTrain, test: choice.limitTest };
  const dataset =
    choice.data === undefined
      ? await fashionSlice({ limit })
      : await openDataset(choice.data, {
          ...shape,
          limit,
          signal,
          onProgress: ({ done, total }) => output.progress(`reading pictures: ${done} of ${total}`),
        });
  for (const note of dataset.notes ?? []) output.note(note);
  if (dataset.test.count === 0) {
    const remedy = "add some pictures to each class, or a folder of test pictures";
    throw new DataError("E_NOT_FOUND", `${dataset.name}: there are too few pictures to hold some out for testing; ${remedy}`);
  }
  return dataset;
}

/**
 * The same for a model: pictures are read at the size that it takes, and carry its mean and spread. Throws InputError E_INPUT where images or
 * classes are not the model's.
 */
export async function openDataFor(model: Model, choice: DataChoice, output: Output, signal: AbortSignal): Promise<Dataset> {
  const { graph, classNames, preprocess } = model;
  const shape = graph.values[graph.inputs[0] ?? ""]?.shape ?? [];
  const [channels, height, width] = shape.slice(1) as number[];
  if (shape.length !== 4) throw new InputError("E_INPUT", `the model takes inputs of [${shape.join(", ")}], which are no images`);
  const dataset = await openAt(choice, output, signal, {
    size: { width: width as number, height: height as number },
    channels: channels as number,
  });
  checkFit(graph, dataset);
  const differs = classNames?.findIndex((name, i) => name !== dataset.classNames[i]) ?? -1;
  if (differs >= 0) {
    const names = `class ${differs} is "${classNames?.[differs]}" to the model and "${dataset.classNames[differs]}" in ${dataset.name}`;
    output.note(`${names}: classes are compared by their order, not by their names`);
  }
  if (!preprocess) return dataset;
  const { order, mean, std } = preprocess;
  return { ...(order === "BGR" ? reversed(dataset) : dataset), mean, std };
}

/** The images with their planes as blue, green, red. */
function reversed(dataset: Dataset): Dataset {
  const plane = dataset.height * dataset.width;
  const turn = (split: Split): Split => {
    const images = split.images.slice();
    for (let at = 0; at < images.length; at += 3 * plane) {
      images.copyWithin(at, at + 2 * plane, at + 3 * plane);
      images.set(split.images.subarray(at, at + plane), at + 2 * plane);
    }
    return { ...split, images };
  };
  const [train, validation, test] = [dataset.train, dataset.validation, dataset.test].map(turn) as [Split, Split, Split];
  return { ...dataset, train, validation, test };
}

async function openAt(choice: DataChoice, output: Output, signal: AbortSignal, shape: Required<PictureShape>): Promise<Dataset> {
  try {
    return await openData(choice, output, signal, shape);
  } catch (error) {
    // the size was the model's wish, not the user's
    if (!(error instanceof InputError) || error.code !== "E_OPTION") throw error;
    const { size, channels } = shape;
    const takes = `the model takes images of ${channels}×${size.height}×${size.width}`;
    throw new InputError("E_INPUT", `${takes}: ${messageOf(error)}`, { cause: error });
  }
}
