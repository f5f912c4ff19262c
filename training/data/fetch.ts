/** Downloads the public data sets from their official addresses. Node only. */
import { importNode } from "../../src/backends/platform.ts";
import { AbortedError, DataError, InputError } from "../../src/errors.ts";
import { download } from "./download.ts";
import { fileError } from "./files.ts";
import { KNOWN, type KnownName, type KnownSet, type RemoteFile } from "./known.ts";
import { readTar, type TarSink } from "./tar.ts";

/** How far the download has come. */
export interface FetchProgress {
  /** The file being downloaded. */
  readonly file: string;
  /** Bytes of all files so far, and of all files together. */
  readonly received: number;
  readonly total: number;
}

/** How a known data set is downloaded. */
export interface FetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
  /** Other addresses, sizes and checksums than the official ones: a mirror, or a test's own server. */
  readonly source?: KnownSet;
  /** Give up when nothing arrives for so many milliseconds; default 30,000. */
  readonly stallMs?: number;
}

/**
 * Downloads a data set into `dir`, where `openDataset(dir)` reads it. Everything is loaded into a temporary folder beside, checked against
 * the published MD5s and unpacked there; only when all is whole do the files appear under their names. Files that are there already are kept, without any
 * request, if all of them are. Returns the names of the files. Throws `E_OPTION` for an unknown name; otherwise as `download`.
 */
export async function fetchDataset(name: KnownName, dir: string, options: FetchOptions = {}): Promise<string[]> {
  const source = options.source ?? (Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined);
  if (!source) throw new InputError("E_OPTION", `data set "${name}": choose one of ${Object.keys(KNOWN).join(", ")}`);
  const { mkdir, mkdtemp, rename, rm, writeFile } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const { join } = await importNode<typeof import("node:path")>("path");
  const names = source.files.flatMap((file) => file.members ?? [fileName(file)]);
  if (source.classNames) names.push("classes.txt");
  if (await allThere(dir, names)) return names;

  await mkdir(dir, { recursive: true }).catch((error) => Promise.reject(fileError(dir, "folder", error)));
  const temporary = await mkdtemp(join(dir, ".download-")).catch((error) => Promise.reject(fileError(dir, "folder", error)));
  try {
    const total = source.files.reduce((sum, file) => sum + file.bytes, 0);
    let before = 0;
    for (const file of source.files) {
      const path = join(temporary, fileName(file));
      const onBytes = (received: number) => options.onProgress?.({ file: fileName(file), received: before + received, total });
      await download(file, path, { signal: options.signal, stallMs: options.stallMs, onBytes });
      before += file.bytes;
      if (file.members) await unpack(file, path, temporary, file.members, options.signal);
    }
    if (source.classNames) await writeFile(join(temporary, "classes.txt"), `${source.classNames.join("\n")}\n`);
    for (const each of names) await rename(join(temporary, each), join(dir, each));
    return names;
  } catch (error) {
    if (error instanceof DataError || error instanceof AbortedError) throw error;
    throw fileError(dir, "folder", error);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function fileName(file: RemoteFile): string {
  return file.url.slice(file.url.lastIndexOf("/") + 1);
}

async function allThere(dir: string, names: readonly string[]): Promise<boolean> {
  const { stat } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const { join } = await importNode<typeof import("node:path")>("path");
  const found = await Promise.all(
    names.map((name) =>
      stat(join(dir, name)).then(
        (entry) => entry.isFile(),
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/** Unpacks the wanted members of a tar.gz into `dir`, by their names without folders. */
async function unpack(file: RemoteFile, archive: string, dir: string, members: readonly string[], signal?: AbortSignal): Promise<void> {
  const { createReadStream } = await importNode<typeof import("node:fs")>("fs");
  const { open } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const { join } = await importNode<typeof import("node:path")>("path");
  const { createGunzip } = await importNode<typeof import("node:zlib")>("zlib");
  const missing = new Set(members);
  let sink: (TarSink & { close(): Promise<void> }) | undefined;
  const input = createReadStream(archive);
  const gunzip = createGunzip();
  input.on("error", (error) => gunzip.destroy(error));
  try {
    await readTar(fileName(file), input.pipe(gunzip), async ({ path }) => {
      if (signal?.aborted) throw new AbortedError(`unpacking ${fileName(file)}`, { cause: signal.reason });
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (!missing.delete(name)) return undefined;
      const handle = await open(join(dir, name), "wx");
      const close = () => handle.close();
      sink = { write: async (piece) => handle.writeFile(piece), end: close, close };
      return sink;
    });
  } catch (error) {
    await sink?.close().catch(() => {});
    if (/^Z_/.test((error as NodeJS.ErrnoException).code ?? "")) {
      throw new DataError("E_FORMAT", `${fileName(file)}: the compressed data is damaged; try again`, { cause: error });
    }
    throw error;
  } finally {
    input.destroy();
    gunzip.destroy();
  }
  if (missing.size > 0)
    throw new DataError("E_NOT_FOUND", `${fileName(file)}: has no ${[...missing].join(", ")}; it is not the published archive`);
}
