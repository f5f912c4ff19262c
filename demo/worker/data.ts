/** The pictures that networks learn from: the Fashion-MNIST slice, fetched when it is needed first, or one's own. */
import { DataError } from "swivel-nn";
import { type Batch, type CustomData, type Dataset, datasets, type Random, type Split } from "swivel-nn/training";
import type { Settings } from "../shared/settings.ts";
import type { Pictures } from "./pictures.ts";

/** Images of an update. */
export const BATCH = 32;
/** Updates that an epoch has at least: a handful of pictures is walked through several times, augmented anew each time. */
const LEAST_STEPS = 40;
/** Pixels by which pictures are shifted at random. */
const SHIFT = { fashion: 1, own: 3 } as const;

const FOLDER = "data/fashion-mnist/";
const FILES = {
  train: { images: "train-images-idx3-ubyte.gz", labels: "train-labels-idx1-ubyte.gz" },
  test: { images: "t10k-images-idx3-ubyte.gz", labels: "t10k-labels-idx1-ubyte.gz" },
} as const;

let fashion: Promise<Dataset> | undefined;

/** Throws DataError where the slice cannot be fetched, InputError where one's own pictures are too few. */
export async function openData(settings: Settings, pictures: Pictures): Promise<Dataset> {
  if (settings.data === "own") return pictures.dataset(settings.held, settings.seed);
  fashion ??= readFashion();
  try {
    const whole = await fashion;
    if (settings.images >= whole.train.count) return whole;
    const few = { ...whole.train, count: settings.images };
    const size = whole.channels * whole.height * whole.width;
    const train: Split = { count: few.count, images: few.images.subarray(0, few.count * size), labels: few.labels.subarray(0, few.count) };
    return { ...whole, train };
  } catch (error) {
    fashion = undefined;
    throw error;
  }
}

async function readFashion(): Promise<Dataset> {
  const read = async (name: string) => ({ name, bytes: await fetchBytes(name) });
  const pair = async ({ images, labels }: { images: string; labels: string }) => ({
    images: await read(images),
    labels: await read(labels),
  });
  const [train, test, classes] = await Promise.all([pair(FILES.train), pair(FILES.test), fetchBytes("classes.txt")]);
  const names = new TextDecoder().decode(classes).trim().split("\n");
  return datasets.datasetFromIdx("Fashion-MNIST slice", { train, test, classNames: { names, from: "classes.txt" } });
}

async function fetchBytes(name: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(new URL(FOLDER + name, self.location.href));
  } catch (cause) {
    const why = "the training pictures could not be fetched; connect once, they are kept for offline use afterwards";
    throw new DataError("E_OFFLINE", why, { cause });
  }
  if (!response.ok)
    throw new DataError("E_NOT_FOUND", `${name}: the server answers ${response.status}; reload the page, or use your own pictures`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A data set as a training takes it: epochs of at least LEAST_STEPS updates, the same after a reload. */
export function trainingData(dataset: Dataset, settings: Settings): CustomData {
  const size = Math.min(BATCH, dataset.train.count);
  const stepsPerEpoch = Math.max(LEAST_STEPS, Math.floor(dataset.train.count / size));
  return {
    train: ({ random }) => endless(dataset, size, settings, random),
    validation: () => datasets.batches(dataset.validation, dataset, { size: 100 }),
    stepsPerEpoch,
  };
}

function* endless(dataset: Dataset, size: number, { data }: Settings, random: Random): Generator<Batch, void, void> {
  const augment = { crop: SHIFT[data], flip: data === "own", random };
  for (;;) yield* datasets.batches(dataset.train, dataset, { size, shuffle: random, augment, dropLast: true });
}
