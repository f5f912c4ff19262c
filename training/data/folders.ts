/** Class folders: DIR/<class>/*.png|jpg|jpeg, or DIR/train/<class>/ beside DIR/test/<class>/ and DIR/validation/<class>/. Node only. */
import { importNode } from "../../src/backends/platform.ts";
import { AbortedError, DataError } from "../../src/errors.ts";
import { type AssembleOptions, assemble, holdOutTest, limitIndices } from "./assemble.ts";
import type { Dataset } from "./dataset.ts";
import { decodePicture } from "./decode.ts";
import { type Listing, listFolder, readBytes } from "./files.ts";
import { type PictureOptions, PictureStore } from "./images.ts";

export interface FolderOptions extends AssembleOptions, PictureOptions {
  /** Called after each decoded picture. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Stops between two pictures. */
  readonly signal?: AbortSignal;
}

const PICTURE = /\.(png|jpe?g)$/i;
const PARTS = { train: /^train(ing)?$/i, validation: /^val(id(ation)?)?$/i, test: /^test(ing)?$/i } as const;

interface PictureFile {
  readonly path: string;
  readonly label: number;
}

/** Reads class folders; classes are the training folders' names, sorted. Throws `DataError`, naming the folder or picture. */
export async function datasetFromFolders(name: string, listing: Listing, options: FolderOptions = {}): Promise<Dataset> {
  const { join } = await importNode<typeof import("node:path")>("path");
  const trainFolder = partFolder(listing, "train");
  if (
    !trainFolder &&
    listing.folders.length > 0 &&
    listing.folders.every((folder) => PARTS.test.test(folder) || PARTS.validation.test(folder))
  ) {
    throw new DataError(
      "E_NOT_FOUND",
      `${listing.path}: has ${listing.folders.join(" and ")}, but no folder "train"; put the training classes there`,
    );
  }
  const trainListing = trainFolder ? await listFolder(join(listing.path, trainFolder)) : listing;
  const classNames = trainListing.folders;
  if (classNames.length === 0)
    throw new DataError("E_NOT_FOUND", `${trainListing.path}: has no class folders; make one folder for each class, with its pictures`);
  const scan = async (part: "validation" | "test") => {
    const folder = trainFolder && partFolder(listing, part);
    return folder ? picturesOf(await listFolder(join(listing.path, folder)), classNames) : undefined;
  };
  let train = await picturesOf(trainListing, classNames);
  for (const [label, className] of classNames.entries()) {
    if (train.some((file) => file.label === label)) continue;
    const path = join(trainListing.path, className);
    throw new DataError(
      "E_NOT_FOUND",
      `${path}: has no pictures (.png, .jpg, .jpeg); add some or remove the folder. If the data set lies deeper, name its own folder`,
    );
  }
  const validation = await scan("validation");
  let test = await scan("test");
  const notes: string[] = [];
  if (!test) {
    const { kept, held } = holdOutTest(labelsOf(train), undefined, options.seed);
    notes.push(
      `${listing.path} has no test folder: ${held.length} of ${train.length} pictures were held out of train as a test set (seed ${options.seed ?? 0})`,
    );
    [train, test] = [take(train, kept), take(train, held)];
  }
  train = take(train, limitIndices(labelsOf(train), "train", options));
  test = take(test, limitIndices(labelsOf(test), "test", options));

  const files = [...train, ...(validation ?? []), ...test];
  const store = await decodeAll(files, options);
  const { channels, height, width } = store.finish();
  const testStart = files.length - test.length;
  const parts = {
    train: store.split(0, train.length),
    validation: validation && store.split(train.length, testStart),
    test: store.split(testStart, files.length),
  };
  return assemble({ name, channels, height, width, classNames, notes, ...parts }, { validation: options.validation, seed: options.seed });
}

function partFolder(listing: Listing, part: keyof typeof PARTS): string | undefined {
  const found = listing.folders.filter((folder) => PARTS[part].test(folder));
  if (found.length > 1) throw new DataError("E_FORMAT", `${listing.path}: has ${found.join(" and ")}; keep one folder for ${part}`);
  return found[0];
}

/** All pictures of one part. A class that train does not have is an error; one without pictures here is not. */
async function picturesOf(part: Listing, classNames: readonly string[]): Promise<PictureFile[]> {
  const { join } = await importNode<typeof import("node:path")>("path");
  const files: PictureFile[] = [];
  for (const folder of part.folders) {
    const label = classNames.indexOf(folder);
    const path = join(part.path, folder);
    if (label < 0)
      throw new DataError(
        "E_FORMAT",
        `${path}: train has no class "${folder}" (it has ${classNames.slice(0, 8).join(", ")}); add it there or remove it here`,
      );
    const pictures = (await listFolder(path)).files.filter((file) => PICTURE.test(file));
    files.push(...pictures.map((file) => ({ path: join(path, file), label })));
  }
  if (files.length === 0)
    throw new DataError(
      "E_NOT_FOUND",
      `${part.path}: has no pictures (.png, .jpg, .jpeg) in class folders; add some or name another folder`,
    );
  return files;
}

async function decodeAll(files: readonly PictureFile[], options: FolderOptions): Promise<PictureStore> {
  const store = new PictureStore(files.length, options);
  for (const { path, label } of files) {
    if (options.signal?.aborted) throw new AbortedError("reading the pictures", { cause: options.signal.reason });
    store.add(await decodePicture({ name: path, bytes: await readBytes(path) }), label);
    options.onProgress?.({ done: store.count, total: files.length });
  }
  return store;
}

function labelsOf(files: readonly PictureFile[]): Int32Array {
  return Int32Array.from(files, (file) => file.label);
}

function take(files: readonly PictureFile[], indices: Int32Array): PictureFile[] {
  return Array.from(indices, (index) => files[index]!);
}
