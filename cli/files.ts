/** Files that commands read and write. A file appears under its name only when it is whole. */
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ModelError } from "../src/errors.ts";

/** Throws ModelError E_NOT_FOUND or E_IO naming the file. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if ((await stat(path)).isDirectory()) throw new ModelError("E_NOT_FOUND", `${path} is a folder; name a .safetensors file`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new ModelError("E_NOT_FOUND", `${path} does not exist; check the path`, { cause: error });
    throw new ModelError("E_IO", `${path} could not be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Writes beside the target, flushes, then renames: a crash or a full disk leaves the old file as it was. Throws ModelError E_IO. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new ModelError("E_IO", `${path} could not be written: ${(error as Error).message}; nothing was changed`, { cause: error });
  }
}
