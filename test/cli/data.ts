/** Small data sets as files, by name: pictures whose class can be seen, so that a network learns it in a few steps. */
import { Random } from "../../training/random.ts";
import { idxBytes } from "../data/helpers.ts";
import { png } from "../data/pictures.ts";

export type Files = Record<string, Uint8Array>;

export interface SetOptions {
  readonly train: number;
  readonly test: number;
  readonly classes: number;
  /** Pixels of each side; 12 unless given. */
  readonly side?: number;
  /** The lowest label; 0 unless given. */
  readonly first?: number;
  readonly seed?: number;
}

/** Class c is a bright square at the c-th place of a grid, on noise. */
function picture(label: number, { classes, side = 12 }: SetOptions, random: Random): Uint8Array {
  const across = Math.ceil(Math.sqrt(classes));
  const cell = side / across;
  const [row, column] = [Math.floor(label / across), label % across];
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    const inside = Math.floor(y / cell) === row && Math.floor(x / cell) === column;
    return random.int(90) + (inside ? 160 : 0);
  });
}

/** Labels take turns, so every class has its share. */
function part(count: number, options: SetOptions, name: string): { images: Uint8Array[]; labels: number[] } {
  const random = new Random(`${name} ${options.seed ?? 0}`);
  const labels = Array.from({ length: count }, (_, i) => i % options.classes);
  return { labels, images: labels.map((label) => picture(label, options, random)) };
}

const joined = (images: readonly Uint8Array[]): Uint8Array => Uint8Array.from(images.flatMap((image) => [...image]));

/** The four files of an idx data set. */
export function idxFiles(options: SetOptions): Files {
  const { side = 12, first = 0 } = options;
  const files: Files = {};
  for (const [name, prefix, count] of [
    ["train", "train", options.train],
    ["test", "t10k", options.test],
  ] as const) {
    const { images, labels } = part(count, options, name);
    files[`${prefix}-images-idx3-ubyte`] = idxBytes([count, side, side], joined(images));
    files[`${prefix}-labels-idx1-ubyte`] = idxBytes(
      [count],
      labels.map((label) => label + first),
    );
  }
  return files;
}

/** CIFAR-10's binary form: a label byte, then planes of red, green and blue. */
export function cifarFiles(options: Omit<SetOptions, "side" | "classes">): Files {
  const shape = { ...options, side: 32, classes: 10 };
  const records = (count: number, name: string) => {
    const { images, labels } = part(count, shape, name);
    return Uint8Array.from(images.flatMap((image, i) => [labels[i] as number, ...image, ...image, ...image.map((v) => 255 - v)]));
  };
  return { "data_batch_1.bin": records(options.train, "train"), "test_batch.bin": records(options.test, "test") };
}

/** train/<class>/<n>.png and test/<class>/<n>.png, in colour. */
export function pictureFiles(options: SetOptions, names: readonly string[]): Files {
  const { side = 12 } = options;
  const files: Files = {};
  for (const name of ["train", "test"] as const) {
    const { images, labels } = part(options[name], options, name);
    images.forEach((image, i) => {
      const colour = (x: number, y: number) => [image[y * side + x] as number, 128, 40];
      files[`${name}/${names[labels[i] as number]}/${i}.png`] = png(side, side, colour);
    });
  }
  return files;
}
