/** Files that commands read and write, checked before any work begins. */
import { constants } from "node:fs";
import { access, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { InputError, ModelError, SwivelError } from "../src/errors.ts";
import { type Model, readModel } from "../src/model/model.ts";
import { readSource } from "../src/source.ts";

export interface ModelFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly model: Model;
}

/** Throws what `readSource` and `readModel` throw, naming the file. */
export async function openModel(path: string): Promise<ModelFile> {
  const bytes = await readSource(path, {});
  return { path, bytes, model: await naming(path, () => readModel(bytes)) };
}

/** Puts the file's name before the message of what `work` throws, since only the command knows it. */
export async function naming<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SwivelError) || error.code === "E_ABORTED") throw error;
    throw new SwivelError(error.code, `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** The message without its code. */
export const messageOf = (error: SwivelError): string => error.message.slice(error.code.length + 1);

/**
 * That a file can be written at `path`: hours of training must not end at a folder that is missing. `sources` are read by the same command and
 * must not be overwritten by it. Throws InputError E_OPTION, ModelError E_NOT_FOUND, E_IO.
 */
export async function checkTarget(path: string, option: string, sources: readonly string[] = []): Promise<void> {
  if (path === "") throw new InputError("E_OPTION", `${option} is empty; name a file`);
  const target = await stat(path).catch(() => undefined);
  if (target?.isDirectory()) throw new InputError("E_OPTION", `${option} ${path} is a folder; name a file`);
  if (target && !target.isFile()) throw new InputError("E_OPTION", `${option} ${path} is no ordinary file; name one, or a new one`);
  for (const source of sources) {
    if ((await samePlace(source)) === (await samePlace(path)))
      throw new InputError("E_OPTION", `${option} ${path} would overwrite ${source}, which this command also uses; choose another name`);
  }
  await checkFolder(dirname(path));
}

/** A folder for several files, made if it is missing. Throws ModelError E_IO. */
export async function makeFolder(path: string, option: string): Promise<void> {
  if (path === "") throw new InputError("E_OPTION", `${option} is empty; name a folder`);
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || code === "ENOTDIR")
      throw new InputError("E_OPTION", `${option} ${path} is not a folder, nor can it become one; name another`, { cause: error });
    throw new ModelError("E_IO", `the folder ${path} could not be made: ${message}; name another`, { cause: error });
  }
  await checkFolder(path);
}

async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) throw new ModelError("E_NOT_FOUND", `the folder ${folder} does not exist; make it first, or check the path`);
  if (!found.isDirectory()) throw new ModelError("E_NOT_FOUND", `${folder} is not a folder; check the path`);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new ModelError("E_IO", `the folder ${folder} is not writable; change its permissions, or name another`, { cause: error });
  }
}

const samePlace = (path: string): Promise<string> => realpath(path).catch(() => resolve(path));
