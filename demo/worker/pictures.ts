/** One's own pictures: taken in, kept small, and turned into a data set. */
import { InputError, type Pixels } from "swivel-nn";
import { type Dataset, datasets } from "swivel-nn/training";
import { CLASSES_MOST, type ClassSummary, PICTURES_LEAST, PICTURES_MOST, THUMB } from "../shared/messages.ts";
import type { Storage } from "./storage.ts";

/** Side of a kept picture: enough to crop from, small enough to keep hundreds of them. */
const KEPT = 64;
/** Side of a picture as networks see it. */
export const SIDE = 32;
const THUMBS = 12;

interface PictureClass {
  name: string;
  readonly images: Pixels[];
}

export class Pictures {
  readonly #storage: Storage;
  #classes: PictureClass[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async restore(): Promise<void> {
    this.#classes = (await this.#storage.read<PictureClass[]>("pictures")) ?? [];
  }

  get summary(): ClassSummary[] {
    return this.#classes.map(({ name, images }) => ({
      name,
      count: images.length,
      thumbs: images.slice(-THUMBS).map((image) => shrink(image, THUMB).data as Uint8ClampedArray<ArrayBuffer>),
    }));
  }

  /** Adds pictures to the class of this name, which is made where there is none. Throws InputError where there is no room. */
  async add(name: string, bitmaps: readonly ImageBitmap[]): Promise<void> {
    const label = name.trim().slice(0, 40) || `Class ${this.#classes.length + 1}`;
    let found = this.#classes.find((one) => one.name === label);
    if (!found) {
      if (this.#classes.length >= CLASSES_MOST)
        throw new InputError("E_INPUT", `there are ${CLASSES_MOST} classes already; remove one to make room for "${label}"`);
      found = { name: label, images: [] };
      this.#classes.push(found);
    }
    for (const bitmap of bitmaps) {
      if (found.images.length < PICTURES_MOST) found.images.push(square(bitmap));
      bitmap.close();
    }
    await this.#save();
  }

  async rename(from: string, to: string): Promise<void> {
    const label = to.trim().slice(0, 40);
    const found = this.#classes.find(({ name }) => name === from);
    if (!found || label === "" || this.#classes.some(({ name }) => name === label)) return;
    found.name = label;
    await this.#save();
  }

  async remove(name: string): Promise<void> {
    this.#classes = this.#classes.filter((one) => one.name !== name);
    await this.#save();
  }

  /** Throws InputError where there are too few classes or pictures. */
  dataset(held: number, seed: number): Dataset {
    const classes = this.#classes;
    if (classes.length < 2)
      throw new InputError(
        "E_INPUT",
        `there ${classes.length === 1 ? "is one class" : "are no classes"} of your own; a network needs two at least`,
      );
    const small = classes.find(({ images }) => images.length < PICTURES_LEAST);
    if (small)
      throw new InputError(
        "E_INPUT",
        `"${small.name}" has ${small.images.length} pictures; add ${PICTURES_LEAST - small.images.length} more, so that there are ${PICTURES_LEAST}`,
      );
    const total = classes.reduce((sum, { images }) => sum + images.length, 0);
    const half = Math.max(classes.length, Math.round((total * held) / 2));
    return datasets.datasetFromImages(classes, {
      name: "your pictures",
      size: { width: SIDE, height: SIDE },
      test: half,
      validation: half,
      seed,
    });
  }

  #save(): Promise<void> {
    return this.#storage.write("pictures", this.#classes);
  }
}

/** The centre of a picture, KEPT × KEPT. In two steps, since canvases halve well and shrink further badly. */
export function square(bitmap: ImageBitmap): Pixels {
  const side = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
  const context = contextOf(KEPT);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, side, side, 0, 0, KEPT, KEPT);
  const { data } = context.getImageData(0, 0, KEPT, KEPT);
  return { width: KEPT, height: KEPT, data };
}

function shrink(image: Pixels, side: number): ImageData {
  const source = contextOf(image.width);
  source.putImageData(new ImageData(new Uint8ClampedArray(image.data), image.width, image.height), 0, 0);
  const context = contextOf(side);
  context.drawImage(source.canvas, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

function contextOf(side: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  if (!context) throw new InputError("E_INPUT", "this browser gives no canvas to read pictures with; close some tabs and try again");
  return context;
}
