/** Files that appear under their name only when they are whole. Node only; nothing is imported before it is called. */
import { importNode } from "../src/backends/platform.ts";
import { ModelError } from "../src/errors.ts";

type Fs = typeof import("node:fs/promises");
type Path = typeof import("node:path");

/**
 * Writes beside the target, flushes it to the disk, then renames: a crash, Ctrl-C or a full disk leaves the old file as it was.
 * Throws ModelError E_IO naming the file.
 */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  const { open, realpath, rename, rm } = await importNode<Fs>("fs/promises");
  const { basename, dirname, join } = await importNode<Path>("path");
  // a link stays one, and what it leads to is replaced
  const target = await realpath(path).catch(() => path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
  try {
    const file = await open(temporary, "w");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    const remedy = "free some space, or name another file; what was there before is as it was";
    throw new ModelError("E_IO", `${path} could not be written: ${(error as Error).message}; ${remedy}`, { cause: error });
  }
}
