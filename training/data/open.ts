/** Opens a data set from a folder, recognising by looking what kind it is. Node only; in browsers, use the `datasetFrom...` functions. */
import { importNode } from "../../src/backends/platform.ts";
import { DataError, InputError } from "../../src/errors.ts";
import { type CifarKind, datasetFromCifar } from "./cifar.ts";
import type { Dataset } from "./dataset.ts";
import { type Listing, listFolder, readBytes, readLines } from "./files.ts";
import { datasetFromFolders, type FolderOptions } from "./folders.ts";
import { datasetFromIdx, type NamedBytes } from "./idx.ts";

/**
 * How to read a folder. `validation`, `seed` and `limit` hold for every kind; `size` and `channels` resize and convert class folders'
 * pictures, and must agree with what idx and CIFAR files hold.
 */
export type OpenOptions = FolderOptions;

/**
 * Opens a folder of
 * - **idx** files, plain or .gz (MNIST, Fashion-MNIST, EMNIST): images and labels of "train" and of "t10k" or "test". Labels need not start
 *   at 0. Class names come from a `classes.txt` beside them (one name a line, in the order of the labels) or from EMNIST's own
 *   `...-mapping.txt`; otherwise a class is called by its label;
 * - **CIFAR** binaries: data_batch_*.bin and test_batch.bin (10), or train.bin and test.bin (100, the fine labels);
 * - **class folders** with PNG or JPEG pictures, themselves or in `train`, `test` and `val`/`validation`. Without a test folder a share of
 *   train is held out, and `notes` says so.
 *
 * The split is the same every time: it depends on `seed` (default 0) alone. Throws `DataError`, naming what is missing or malformed.
 */
export async function openDataset(dir: string, options: OpenOptions = {}): Promise<Dataset> {
  const { basename, resolve } = await importNode<typeof import("node:path")>("path");
  const listing = await listFolder(dir);
  const name = basename(resolve(dir));
  if (listing.files.some((file) => idxRole(file))) return fits(await openIdx(name, listing, options), options);
  const kind = cifarKind(listing);
  if (kind) return fits(await openCifar(name, kind, listing, options), options);
  if (listing.folders.length > 0) return datasetFromFolders(name, listing, options);
  const found = listing.files.length === 0 ? "it is empty" : `it has ${listing.files.slice(0, 5).join(", ")}`;
  throw new DataError(
    "E_NOT_FOUND",
    `${dir}: no data set here (${found}); name a folder of idx files (train-images-idx3-ubyte.gz ...), of CIFAR binaries (data_batch_1.bin ...) or of class folders with pictures`,
  );
}

type IdxRole = { readonly part: "train" | "test"; readonly kind: "images" | "labels"; readonly set: string };

/** What a file's name says: which part of which set it holds. Undefined for files that are not idx. */
function idxRole(file: string): IdxRole | undefined {
  const name = file.toLowerCase();
  if (!/(idx[13]?|ubyte)(\.gz)?$/.test(name)) return undefined;
  const part = /(?<![a-z])(train|t10k|test)(?![a-z0-9])/.exec(name);
  const kind = /image|idx3/.test(name) ? "images" : /label|idx1/.test(name) ? "labels" : undefined;
  if (!part || !kind) return undefined;
  return { part: part[0] === "train" ? "train" : "test", kind, set: name.slice(0, part.index).replace(/[-_. ]+$/, "") };
}

async function openIdx(folder: string, listing: Listing, options: OpenOptions): Promise<Dataset> {
  const { join } = await importNode<typeof import("node:path")>("path");
  const roles = listing.files.flatMap((file) => {
    const role = idxRole(file);
    return role ? [{ file, ...role }] : [];
  });
  const sets = [...new Set(roles.map((role) => role.set))];
  if (sets.length > 1)
    throw new DataError(
      "E_FORMAT",
      `${listing.path}: holds several data sets (${sets.map((set) => set || "unnamed").join(", ")}); give each its own folder`,
    );
  const file = async (part: IdxRole["part"], kind: IdxRole["kind"]): Promise<NamedBytes> => {
    const found = roles.filter((role) => role.part === part && role.kind === kind).map((role) => role.file);
    // The same file plain and gzipped is one file; the plain one needs no work.
    const plain = found.filter((name) => !(name.endsWith(".gz") && found.includes(name.slice(0, -3))));
    if (plain.length > 1)
      throw new DataError("E_FORMAT", `${listing.path}: ${plain.join(" and ")} could both be the ${part} ${kind}; keep one`);
    const name = plain[0];
    if (name === undefined) {
      const example = `${part === "train" ? "train" : "t10k"}-${kind}-idx${kind === "images" ? 3 : 1}-ubyte`;
      throw new DataError(
        "E_NOT_FOUND",
        `${listing.path}: the ${part} ${kind} are missing; put ${example} (or .gz) beside ${roles[0]!.file}`,
      );
    }
    const path = join(listing.path, name);
    return { name: path, bytes: await readBytes(path) };
  };
  const files = {
    train: { images: await file("train", "images"), labels: await file("train", "labels") },
    test: { images: await file("test", "images"), labels: await file("test", "labels") },
    classNames: await namesFrom(listing, "classes.txt"),
    labelNames: await mappingNames(listing, sets[0]!),
  };
  return datasetFromIdx(sets[0] || folder, files, options);
}

async function namesFrom(listing: Listing, file: string): Promise<{ names: string[]; from: string } | undefined> {
  if (!listing.files.includes(file)) return undefined;
  const { join } = await importNode<typeof import("node:path")>("path");
  const from = join(listing.path, file);
  return { names: await readLines(from), from };
}

/** EMNIST's mapping file: a label, then the character codes that it stands for, of which the first names it. */
async function mappingNames(listing: Listing, set: string): Promise<Map<number, string> | undefined> {
  const file = listing.files.find((name) => name.toLowerCase() === `${set}-mapping.txt`);
  if (file === undefined) return undefined;
  const { names: lines, from } = (await namesFrom(listing, file))!;
  return new Map(
    lines.map((line) => {
      const [label, code] = line.split(/\s+/).map(Number);
      if (!Number.isInteger(label) || !(Number.isInteger(code) && code! >= 32 && code! <= 0x10ffff)) {
        throw new DataError(
          "E_FORMAT",
          `${from}: "${line.slice(0, 40)}" is not a label and a character code; get the file again or remove it`,
        );
      }
      return [label!, String.fromCodePoint(code!)];
    }),
  );
}

const CIFAR_BATCH = /^data_batch_(\d+)\.bin$/;

function cifarKind(listing: Listing): CifarKind | undefined {
  const ten = listing.files.some((file) => CIFAR_BATCH.test(file) || file === "test_batch.bin");
  const hundred = listing.files.includes("train.bin") || listing.files.includes("test.bin");
  if (ten && hundred) throw new DataError("E_FORMAT", `${listing.path}: holds both CIFAR-10 and CIFAR-100; give each its own folder`);
  return ten ? 10 : hundred ? 100 : undefined;
}

async function openCifar(name: string, kind: CifarKind, listing: Listing, options: OpenOptions): Promise<Dataset> {
  const { join } = await importNode<typeof import("node:path")>("path");
  const read = async (file: string): Promise<NamedBytes> => {
    const path = join(listing.path, file);
    if (!listing.files.includes(file))
      throw new DataError("E_NOT_FOUND", `${path}: is missing from this CIFAR-${kind} folder; put it there`);
    return { name: path, bytes: await readBytes(path) };
  };
  const last = Math.max(1, ...listing.files.map((file) => Number(CIFAR_BATCH.exec(file)?.[1] ?? 0)));
  if (last > 1000) throw new DataError("E_FORMAT", `${listing.path}: data_batch_${last}.bin is not one of CIFAR-10's five; remove it`);
  const trainFiles = kind === 10 ? Array.from({ length: last }, (_, i) => `data_batch_${i + 1}.bin`) : ["train.bin"];
  const train: NamedBytes[] = [];
  for (const file of trainFiles) train.push(await read(file));
  const test = await read(kind === 10 ? "test_batch.bin" : "test.bin");
  const classNames =
    (await namesFrom(listing, kind === 10 ? "batches.meta.txt" : "fine_label_names.txt")) ?? (await namesFrom(listing, "classes.txt"));
  return datasetFromCifar(name, { kind, train, test, classNames }, options);
}

/** Files of a fixed form are not resized: a wish for another size is an error, not silently ignored. */
function fits(dataset: Dataset, { size, channels }: OpenOptions): Dataset {
  const { width, height } = dataset;
  const differs = (size && (size.width !== width || size.height !== height)) || (channels !== undefined && channels !== dataset.channels);
  if (!differs) return dataset;
  const wanted = `${size?.width ?? width}x${size?.height ?? height}x${channels ?? dataset.channels}`;
  throw new InputError(
    "E_OPTION",
    `size ${wanted}: "${dataset.name}" holds ${width}x${height}x${dataset.channels}, and only class folders are resized; choose other data, or take it as it is`,
  );
}
