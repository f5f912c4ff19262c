/** Data sets from decoded pictures of any size: one's own photographs, in the browser or from class folders. */
import { DataError, InputError } from "../../src/errors.ts";
import { checkPixels, fitPixels, type Pixels, type PlaneSize } from "../../src/model/pixels.ts";
import { assemble, holdOutTest } from "./assemble.ts";
import type { Dataset, Split } from "./dataset.ts";
import { pick } from "./split.ts";

/** The size and the colours that all pictures get. */
export interface PictureOptions {
  /** What every picture is cropped (centre) and resized to; default 32 × 32. */
  readonly size?: { readonly width: number; readonly height: number };
  /** 3 for colour, 1 for grey; default 3, or 1 if every picture is grey. */
  readonly channels?: number;
}

/** How a folder of pictures becomes a data set. */
export interface ImagesOptions extends PictureOptions {
  readonly name?: string;
  /** Images to hold out for validation; default: a seventh of those left after the test images are taken. */
  readonly validation?: number;
  /** Images to hold out as a test set; default: a seventh. */
  readonly test?: number;
  /** Fixes which images are held out (default 0). */
  readonly seed?: number;
}

/** One class's pictures, as RGBA bytes: `ImageData` objects fit. */
export interface ImageClass {
  readonly name: string;
  readonly images: readonly Pixels[];
}

/**
 * A data set from pictures in memory; class i is `classes[i]`. Test and validation images are held out by stratified, seeded choice.
 * Throws `E_INPUT` for a class without pictures or bytes that do not fit a picture's size, `E_OPTION` for impossible options.
 */
export function datasetFromImages(classes: readonly ImageClass[], options: ImagesOptions = {}): Dataset {
  for (const { name, images } of classes) {
    if (images.length === 0) throw new InputError("E_INPUT", `class "${name}": has no pictures; add some or leave it out`);
  }
  const store = new PictureStore(
    classes.reduce((sum, { images }) => sum + images.length, 0),
    options,
  );
  classes.forEach(({ images }, label) => {
    for (const image of images) store.add(image, label);
  });
  const { channels, height, width } = store.finish();
  const name = options.name ?? "own pictures";
  const classNames = classes.map((entry) => entry.name);
  const all = store.split(0, store.count);
  const { kept, held } = holdOutTest(all.labels, options.test, options.seed);
  return assemble({ name, channels, height, width, classNames, train: pick(all, kept), test: pick(all, held) }, options);
}

const MAX_BYTES = 2 ** 31 - 1;

/** Collects resized pictures in one array; turns to one channel at the end if all were grey. */
export class PictureStore {
  readonly #size: PlaneSize;
  readonly #auto: boolean;
  readonly #labels: Int32Array;
  #images: Uint8Array;
  #grey = true;
  #channels: number;
  #count = 0;

  constructor(capacity: number, { size = { width: 32, height: 32 }, channels }: PictureOptions) {
    const { width, height } = size;
    if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= 4096)) {
      throw new InputError("E_OPTION", `picture size ${width}x${height}: give integers from 1 to 4096`);
    }
    if (channels !== undefined && channels !== 1 && channels !== 3)
      throw new InputError("E_OPTION", `channels ${channels}: give 1 (grey) or 3 (colour)`);
    this.#auto = channels === undefined;
    this.#channels = channels ?? 3;
    this.#size = { channels: this.#channels, height, width };
    const bytes = capacity * this.#channels * height * width;
    if (bytes > MAX_BYTES) {
      throw new DataError(
        "E_TOO_LARGE",
        `${capacity} pictures of ${width}x${height}x${this.#channels} need ${(bytes / 2 ** 30).toFixed(1)} GiB; choose a smaller size or a limit`,
      );
    }
    this.#images = new Uint8Array(bytes);
    this.#labels = new Int32Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(picture: Pixels, label: number): void {
    checkPixels(picture);
    if (this.#auto && this.#grey) this.#grey = isGrey(picture);
    this.#images.set(fitPixels(picture, this.#size), this.#count * this.#channels * this.#size.height * this.#size.width);
    this.#labels[this.#count++] = label;
  }

  /** Call once, after the last picture: settles the channels. */
  finish(): PlaneSize {
    if (this.#auto && this.#grey) {
      const plane = this.#size.height * this.#size.width;
      for (let i = 0; i < this.#count; i++) this.#images.copyWithin(i * plane, i * 3 * plane, (i * 3 + 1) * plane);
      this.#images = this.#images.slice(0, this.#count * plane);
      this.#channels = 1;
    }
    return { channels: this.#channels, height: this.#size.height, width: this.#size.width };
  }

  /** The pictures from `start` to before `end`, in the order in which they were added. */
  split(start: number, end: number): Split {
    const size = this.#channels * this.#size.height * this.#size.width;
    return { count: end - start, images: this.#images.subarray(start * size, end * size), labels: this.#labels.subarray(start, end) };
  }
}

function isGrey({ data }: Pixels): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
