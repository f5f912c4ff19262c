/** The last step of every reader: samples, hold-outs and statistics, the same for all kinds of files. */
import { DataError } from "../../src/errors.ts";
import { Random } from "../random.ts";
import { type Dataset, type Split, statistics } from "./dataset.ts";
import { mostHoldOut, pick, sampleIndices, splitIndices, splitOff } from "./split.ts";

/** What is held out, and how much is used. */
export interface AssembleOptions {
  /** Images to hold out of train for validation; default: a seventh of them, at most 10,000. 0 for none. */
  readonly validation?: number;
  /** Fixes which images are held out or sampled (default 0: the same every time). */
  readonly seed?: number;
  /** Use only so many of the training images (before the validation images are held out) and of the test images: stratified samples. */
  readonly limit?: { readonly train?: number; readonly test?: number };
}

/** Characters of a class name that a model file holds. */
const MAX_NAME = 256;

export interface Parts extends Omit<Dataset, "mean" | "std" | "validation" | "test"> {
  /** Where the files have one of their own; otherwise it is held out of train. */
  readonly validation?: Split;
  readonly test: Split;
}

/** The default size of a hold-out: a seventh of the images, at least one and at most 10,000, and each class keeps one. */
export function defaultHoldOut(labels: Int32Array): number {
  return Math.min(mostHoldOut(labels), 10_000, Math.max(1, Math.floor(labels.length / 7)));
}

/** For pictures that came without a test set: which of them become one (default: a seventh). The same in every reader. */
export function holdOutTest(
  labels: Int32Array,
  count: number | undefined,
  seed: number | undefined,
): { kept: Int32Array; held: Int32Array } {
  return splitIndices(labels, count ?? defaultHoldOut(labels), new Random(seed ?? 0).fork("hold out test"));
}

/** Which images a limit leaves: all, or a stratified sample; `part` names the split. The same in every reader. */
export function limitIndices(labels: Int32Array, part: "train" | "test", { limit, seed }: AssembleOptions): Int32Array {
  const most = limit?.[part];
  return most === undefined ? Int32Array.from(labels.keys()) : sampleIndices(labels, most, new Random(seed ?? 0).fork(part));
}

/** Throws `E_FORMAT` where fewer than two classes have training images, `E_OPTION` for impossible options. */
export function assemble(parts: Parts, options: AssembleOptions = {}): Dataset {
  const train = limited(parts.train, "train", options);
  requireClasses(parts.name, parts.classNames.length, train);
  requireNames(parts.name, parts.classNames);
  const test = limited(parts.test, "test", options);
  const random = new Random(options.seed ?? 0).fork("validation");
  const holdOut = options.validation ?? defaultHoldOut(train.labels);
  const { kept, held } = parts.validation ? { kept: train, held: parts.validation } : splitOff(train, holdOut, random);
  return { ...parts, train: kept, validation: held, test, ...statistics(kept, parts.channels) };
}

function requireClasses(name: string, classes: number, train: Split): void {
  const present = new Set(train.labels).size;
  if (present >= 2) return;
  throw new DataError(
    "E_FORMAT",
    `${name}: the training images have ${present === 1 ? "one class only" : "no class"} (of ${classes}); a classifier needs two or more`,
  );
}

/** Names must fit into a model file: better to say so now than after the first epoch. */
function requireNames(name: string, classNames: readonly string[]): void {
  const odd = classNames.find((className) => className.length > MAX_NAME || /\p{Cc}/u.test(className));
  if (odd === undefined) return;
  const shown = JSON.stringify(odd.length > 60 ? `${odd.slice(0, 60)}...` : odd);
  throw new DataError(
    "E_FORMAT",
    `${name}: class name ${shown} has control characters, or more than ${MAX_NAME} characters; rename the class`,
  );
}

function limited(split: Split, part: "train" | "test", options: AssembleOptions): Split {
  const indices = limitIndices(split.labels, part, options);
  return indices.length === split.count ? split : pick(split, indices);
}
