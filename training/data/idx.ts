/**
 * The idx format of MNIST and its kin: two zero bytes, the element type, the number of dimensions, the sizes as big-endian 32-bit numbers,
 * then the elements. Works on bytes, plain or gzipped, in browsers and Node.
 */
import { DataError } from "../../src/errors.ts";
import { type AssembleOptions, assemble } from "./assemble.ts";
import type { Dataset, Split } from "./dataset.ts";
import { inflate, isGzip } from "./inflate.ts";

/** A file's bytes and the name to use in messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An array out of an idx file, the format of MNIST. */
export interface Idx {
  readonly shape: readonly number[];
  /** Unsigned bytes; a view into the file's bytes. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;
const TYPE_NAMES: Readonly<Record<number, string>> = { 9: "signed bytes", 11: "int16", 12: "int32", 13: "float32", 14: "float64" };
const MAX_BYTES = 2 ** 31 - 1; // more does not fit one typed array everywhere

/** Parses an uncompressed idx file of unsigned bytes with `rank` dimensions. Throws `E_FORMAT`, `E_TRUNCATED` or `E_TOO_LARGE`. */
export function parseIdx({ name, bytes }: NamedBytes, rank: number): Idx {
  const { shape, start, size } = header(name, bytes, rank);
  const found = bytes.length - start;
  if (found < size) {
    throw new DataError(
      "E_TRUNCATED",
      `${name}: the header says ${shape.join(" x ")} = ${size} bytes, but only ${found} follow; get the file again`,
    );
  }
  if (found > size) {
    throw new DataError(
      "E_TOO_LARGE",
      `${name}: the header says ${shape.join(" x ")} = ${size} bytes, but ${found} follow; get the file again`,
    );
  }
  return { shape, data: bytes.subarray(start) };
}

/** As `parseIdx`, for a file that may be gzipped. Inflates no more than the idx header inside claims. */
export async function readIdx(file: NamedBytes, rank: number): Promise<Idx> {
  if (!isGzip(file.bytes)) return parseIdx(file, rank);
  const bytes = await inflate(file.bytes, "gzip", file.name, (head) => {
    const { start, size } = header(file.name, head, rank);
    return start + size;
  });
  return parseIdx({ name: file.name, bytes }, rank);
}

function header(name: string, bytes: Uint8Array, rank: number): { shape: number[]; start: number; size: number } {
  const kind = rank === 1 ? "labels" : "images";
  if (bytes.length < 4)
    throw new DataError("E_TRUNCATED", `${name}: ${bytes.length} bytes are too few for an idx file; get the file again`);
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new DataError("E_FORMAT", `${name}: begins with ${magic}, an idx file of ${kind} with 00 00 08 0${rank}; is it the right file?`);
  }
  if (bytes[2] !== UNSIGNED_BYTE) {
    throw new DataError(
      "E_FORMAT",
      `${name}: holds ${TYPE_NAMES[bytes[2]!] ?? `elements of unknown type ${bytes[2]}`}; convert them to unsigned bytes (type 08)`,
    );
  }
  if (bytes[3] !== rank) {
    const hint = bytes[3] === 1 || bytes[3] === 3 ? "; are images and labels exchanged?" : "; is it the right file?";
    throw new DataError("E_FORMAT", `${name}: has ${bytes[3]} dimensions, ${kind} have ${rank}${hint}`);
  }
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw new DataError("E_TRUNCATED", `${name}: ends within its header; get the file again`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, dim) => product * dim, 1);
  if (size === 0) throw new DataError("E_FORMAT", `${name}: is empty (${shape.join(" x ")}); give a file with at least one of its ${kind}`);
  if (size > MAX_BYTES)
    throw new DataError(
      "E_TOO_LARGE",
      `${name}: claims ${shape.join(" x ")} bytes; Swivel reads files of up to 2 GiB, so cut it into a smaller set`,
    );
  return { shape, start, size };
}

/** The four files of a set like MNIST. */
export interface IdxFiles {
  readonly train: { readonly images: NamedBytes; readonly labels: NamedBytes };
  readonly test: { readonly images: NamedBytes; readonly labels: NamedBytes };
  /** One name for each distinct label, in the labels' order, and the file that gave them. */
  readonly classNames?: { readonly names: readonly string[]; readonly from: string };
  /** Names by label, for sets whose labels have gaps. */
  readonly labelNames?: ReadonlyMap<number, string>;
}

/**
 * A data set from two pairs of idx files. The distinct training labels, sorted, become classes 0..k-1; without names, a class is called by
 * its label. Throws `DataError` for anything malformed.
 */
export async function datasetFromIdx(name: string, files: IdxFiles, options: AssembleOptions = {}): Promise<Dataset> {
  const train = await readPair(files.train);
  const test = await readPair(files.test);
  const [, height, width] = train.shape as [number, number, number];
  if (test.shape[1] !== height || test.shape[2] !== width) {
    throw new DataError(
      "E_SHAPE",
      `${files.test.images.name}: images of ${test.shape[1]}x${test.shape[2]}, but ${files.train.images.name} has ${height}x${width}; give two files of one data set`,
    );
  }
  const distinct = [...new Set(train.labels)].sort((a, b) => a - b);
  const classOf = new Map(distinct.map((label, index) => [label, index]));
  const stranger = test.labels.findIndex((label) => !classOf.has(label));
  if (stranger >= 0) {
    throw new DataError(
      "E_FORMAT",
      `${files.test.labels.name}: image ${stranger} has label ${test.labels[stranger]}, which no training image has (${files.train.labels.name} has ${list(distinct)}); give two files of one data set`,
    );
  }
  const split = (pair: Pair): Split => ({
    count: pair.labels.length,
    images: pair.images,
    labels: Int32Array.from(pair.labels, (label) => classOf.get(label)!),
  });
  const classNames = nameClasses(distinct, files);
  return assemble({ name, channels: 1, height, width, classNames, train: split(train), test: split(test) }, options);
}

interface Pair {
  readonly shape: readonly number[];
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

async function readPair(pair: { images: NamedBytes; labels: NamedBytes }): Promise<Pair> {
  const images = await readIdx(pair.images, 3);
  const labels = await readIdx(pair.labels, 1);
  if (images.shape[0] !== labels.shape[0]) {
    throw new DataError(
      "E_SHAPE",
      `${pair.images.name} has ${images.shape[0]} images, ${pair.labels.name} has ${labels.shape[0]} labels; give a pair that belongs together`,
    );
  }
  return { shape: images.shape, images: images.data, labels: labels.data };
}

function nameClasses(distinct: readonly number[], { classNames, labelNames }: IdxFiles): string[] {
  if (!classNames) return distinct.map((label) => labelNames?.get(label) ?? String(label));
  if (classNames.names.length !== distinct.length) {
    throw new DataError(
      "E_SHAPE",
      `${classNames.from} names ${classNames.names.length} classes, the training labels are ${distinct.length} (${list(distinct)}); write one name a line for each label, in their order`,
    );
  }
  return [...classNames.names];
}

function list(labels: readonly number[]): string {
  return labels.length > 8 ? `${labels.slice(0, 3).join(", ")}, ... ${labels.at(-1)}` : labels.join(", ");
}
