/** From bytes to normalised batches, with seeded shuffling and augmentation. */
import { InputError } from "../../src/errors.ts";
import { normaliseTable } from "../../src/model/preprocess.ts";
import type { Random } from "../random.ts";
import type { Batch, Dataset, Split } from "./dataset.ts";

/** Augmentation of the bytes, before they are normalised. */
export interface Augment {
  /** Mirror left and right with probability 1/2. */
  readonly flip?: boolean;
  /** Pad with so many black pixels on each side, then crop the original size at a random place. */
  readonly crop?: number;
  readonly random: Random;
}

/** How a split is cut into batches. */
export interface BatchOptions {
  /** Images per batch. */
  readonly size: number;
  /** Shuffle the whole split first, drawing from this generator. Without it the order is the split's. */
  readonly shuffle?: Random;
  readonly augment?: Augment;
  /** Leave out a last batch that is smaller than `size`. */
  readonly dropLast?: boolean;
  /** Leave out so many batches at the start, and go on exactly as if they had been drawn: for resuming within an epoch. */
  readonly skip?: number;
}

type Shaped = Pick<Dataset, "channels" | "height" | "width" | "mean" | "std">;

/** How many batches an epoch has. */
export function batchCount(count: number, size: number, dropLast = false): number {
  return dropLast ? Math.floor(count / size) : Math.ceil(count / size);
}

/**
 * One pass over a split. `dataset` gives the shape and the normalisation. A yielded batch stays valid until the next one is asked for.
 * Throws `E_OPTION` (at the first batch) for impossible options.
 */
export function* batches(split: Split, dataset: Shaped, options: BatchOptions): Generator<Batch, void, void> {
  const { size, shuffle, augment, dropLast = false, skip = 0 } = options;
  if (!Number.isInteger(size) || size < 1) throw new InputError("E_OPTION", `batch size ${size}: give a positive integer`);
  const pad = augment?.crop ?? 0;
  if (!Number.isInteger(pad) || pad < 0) throw new InputError("E_OPTION", `crop padding ${pad}: give an integer of pixels, 0 or more`);
  if (!Number.isInteger(skip) || skip < 0) throw new InputError("E_OPTION", `skip ${skip}: give a number of batches, 0 or more`);

  const { channels, height, width } = dataset;
  const pixels = channels * height * width;
  const order = Int32Array.from({ length: split.count }, (_, i) => i);
  shuffle?.shuffle(order);
  const table = normaliseTable(dataset);
  const capacity = Math.min(size, split.count);
  const images = new Float32Array(capacity * pixels);
  const labels = new Int32Array(capacity);

  const total = batchCount(split.count, size, dropLast);
  for (let index = 0; index < total; index++) {
    const start = index * size;
    const count = Math.min(size, split.count - start);
    const wanted = index >= skip;
    for (let i = 0; i < count; i++) {
      const flipped = augment?.flip ? augment.random.int(2) === 1 : false;
      const dy = pad > 0 ? augment!.random.int(2 * pad + 1) - pad : 0;
      const dx = pad > 0 ? augment!.random.int(2 * pad + 1) - pad : 0;
      if (!wanted) continue;
      const from = order[start + i] as number;
      labels[i] = split.labels[from] as number;
      const image = split.images.subarray(from * pixels, (from + 1) * pixels);
      writeImage(image, images.subarray(i * pixels, (i + 1) * pixels), table, dataset, { dy, dx, flipped });
    }
    if (wanted) yield { images: images.subarray(0, count * pixels), labels: labels.subarray(0, count), count };
  }
}

/** How a picture is moved: where its rows and columns begin in the source, and whether it is mirrored. */
interface Move {
  readonly dy: number;
  readonly dx: number;
  readonly flipped: boolean;
}

/** Writes `image` (C × H × W bytes) to `out` through the table, moved, with black beyond its border. */
function writeImage(image: Uint8Array, out: Float32Array, table: Float32Array, { channels, height, width }: Shaped, move: Move): void {
  const { dy, dx, flipped } = move;
  const step = flipped ? -1 : 1;
  let o = 0;
  for (let c = 0; c < channels; c++) {
    const entry = c * 256;
    const black = table[entry]!;
    for (let y = 0; y < height; y++) {
      const sy = y + dy;
      if (sy < 0 || sy >= height) {
        out.fill(black, o, o + width);
        o += width;
        continue;
      }
      const row = (c * height + sy) * width;
      let sx = (flipped ? width - 1 : 0) + dx;
      for (let x = 0; x < width; x++, sx += step, o++) {
        out[o] = sx >= 0 && sx < width ? table[entry + image[row + sx]!]! : black;
      }
    }
  }
}
