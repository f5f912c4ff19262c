/**
 * The binary form of CIFAR-10 and CIFAR-100: records of a label byte (10) or a coarse and a fine one (100), then 3 × 32 × 32 pixels, planes
 * of red, green and blue. Works on bytes, in browsers and Node.
 */
import { DataError } from "../../src/errors.ts";
import { type AssembleOptions, assemble } from "./assemble.ts";
import type { Dataset, Split } from "./dataset.ts";
import type { NamedBytes } from "./idx.ts";

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

/** Number of classes. */
export type CifarKind = 10 | 100;

/** Parses one file of records; CIFAR-100 gives the fine labels. Throws `E_TRUNCATED` or `E_FORMAT`. */
export function parseCifar({ name, bytes }: NamedBytes, kind: CifarKind): Split {
  const labelBytes = kind === 10 ? 1 : 2;
  const record = labelBytes + PIXELS;
  const count = Math.floor(bytes.length / record);
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new DataError(
      "E_TRUNCATED",
      `${name}: ${bytes.length} bytes are not a whole number of CIFAR-${kind} records of ${record} bytes; get the file again`,
    );
  }
  const images = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * record;
    const label = bytes[start + labelBytes - 1]!;
    if (label >= kind)
      throw new DataError(
        "E_FORMAT",
        `${name}: record ${i} has label ${label}; CIFAR-${kind} has 0..${kind - 1}, so is it the right file?`,
      );
    labels[i] = label;
    images.set(bytes.subarray(start + labelBytes, start + record), i * PIXELS);
  }
  return { count, images, labels };
}

/** The binary files of CIFAR-10 or CIFAR-100 (https://www.cs.toronto.edu/~kriz/cifar.html). */
export interface CifarFiles {
  readonly kind: CifarKind;
  /** The training files in order: five for CIFAR-10, one for CIFAR-100. */
  readonly train: readonly NamedBytes[];
  readonly test: NamedBytes;
  /** Names of classes 0..kind-1, and the file that gave them; without them a class is called by its number. */
  readonly classNames?: { readonly names: readonly string[]; readonly from: string };
}

/** A data set from CIFAR's binary files. Throws `DataError` for anything malformed. */
export function datasetFromCifar(name: string, files: CifarFiles, options: AssembleOptions = {}): Dataset {
  const { kind, classNames } = files;
  if (classNames && classNames.names.length !== kind) {
    throw new DataError(
      "E_SHAPE",
      `${classNames.from} names ${classNames.names.length} classes, CIFAR-${kind} has ${kind}; write one name a line`,
    );
  }
  const names = classNames?.names ?? Array.from({ length: kind }, (_, i) => String(i));
  const train = concatenate(files.train.map((file) => parseCifar(file, kind)));
  const test = parseCifar(files.test, kind);
  return assemble({ name, channels: 3, height: SIDE, width: SIDE, classNames: names, train, test }, options);
}

function concatenate(splits: readonly Split[]): Split {
  if (splits.length === 1) return splits[0]!;
  const count = splits.reduce((sum, split) => sum + split.count, 0);
  const images = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  let at = 0;
  for (const split of splits) {
    images.set(split.images, at * PIXELS);
    labels.set(split.labels, at);
    at += split.count;
  }
  return { count, images, labels };
}
