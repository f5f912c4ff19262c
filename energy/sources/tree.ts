/** A tree of small text files such as /sys, wherever it hangs: the machine's own, a copy, or one in memory. */

export interface Tree {
  /** As people write it: "/sys". */
  readonly root: string;
  /** Names in a folder, sorted; none where there is no such folder. Throws what the system throws otherwise. */
  list(path: string): Promise<string[]>;
  /** A file's text without white space around it. Throws what the system throws, with its `code` (ENOENT, EACCES, …). */
  text(path: string): Promise<string>;
}

/** Why a file could not be read. */
export const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? "unknown error";

export const isForbidden = (error: unknown): boolean => ["EACCES", "EPERM"].includes(codeOf(error));

/** The text, or undefined where there is none to be had. */
export const textOr = (tree: Tree, path: string): Promise<string | undefined> => tree.text(path).catch(() => undefined);

/** A decimal integer, as these files hold them; undefined for anything else. */
export function integerOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The file's integer; undefined where there is no such file, or none in it. */
export const integerAt = async (tree: Tree, path: string): Promise<number | undefined> => integerOf(await textOr(tree, path));
