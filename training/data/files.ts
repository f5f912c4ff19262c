/** The little that reading data sets needs of the file system, with typed errors. Node only; nothing is imported before it is called. */
import { importNode } from "../../src/backends/platform.ts";
import { DataError } from "../../src/errors.ts";

const MAX_FILE = 2 ** 31 - 1;
const MAX_TEXT = 2 ** 20;

export interface Listing {
  readonly path: string;
  /** Names of the files, sorted; hidden ones are left out. */
  readonly files: readonly string[];
  /** Names of the folders, sorted; hidden ones are left out. */
  readonly folders: readonly string[];
}

/** What lies in a folder; links count as what they lead to. Throws `E_NOT_FOUND` or `E_IO`. */
export async function listFolder(path: string): Promise<Listing> {
  const { readdir, stat } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  const { join } = await importNode<typeof import("node:path")>("path");
  const files: string[] = [];
  const folders: string[] = [];
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith(".") || entry.name.startsWith("__")) continue; // .DS_Store, __MACOSX
      const kind = entry.isSymbolicLink() ? await stat(join(path, entry.name)) : entry;
      if (kind.isDirectory()) folders.push(entry.name);
      else if (kind.isFile()) files.push(entry.name);
    }
  } catch (error) {
    throw fileError(path, "folder", error);
  }
  return { path, files: files.sort(), folders: folders.sort() };
}

/** A file's bytes. Throws `E_NOT_FOUND`, `E_IO`, or `E_TOO_LARGE` above 2 GiB. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { readFile, stat } = await importNode<typeof import("node:fs/promises")>("fs/promises");
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE)
      throw new DataError("E_TOO_LARGE", `${path}: has ${(size / 2 ** 30).toFixed(1)} GiB; Swivel reads files of up to 2 GiB`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw fileError(path, "file", error);
  }
}

/** A small text file's lines, trimmed, without empty ones. */
export async function readLines(path: string): Promise<string[]> {
  const bytes = await readBytes(path);
  if (bytes.length > MAX_TEXT)
    throw new DataError("E_TOO_LARGE", `${path}: has ${bytes.length} bytes, too many for a list of names; write one name a line`);
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

export function fileError(path: string, what: "file" | "folder", error: unknown): DataError {
  const code = (error as NodeJS.ErrnoException).code;
  const cause = { cause: error };
  if (code === "ENOENT") return new DataError("E_NOT_FOUND", `${path}: there is no such ${what}; check the path`, cause);
  if (code === "ENOTDIR") return new DataError("E_NOT_FOUND", `${path}: is not a folder; name the folder that holds the data files`, cause);
  if (code === "ENOSPC") return new DataError("E_IO", `${path}: the disk is full; make room and try again`, cause);
  return new DataError("E_IO", `${path}: cannot be read or written (${code ?? String(error)}); check its permissions`, cause);
}
