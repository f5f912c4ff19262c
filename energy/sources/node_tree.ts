/** The tree of files below a folder (Node only). */
import { codeOf, type Tree } from "./tree.ts";

export async function nodeTree(root = "/sys"): Promise<Tree> {
  const { readdir, readFile } = await import("node:fs/promises");
  const { join } = await import("node:path");
  return {
    root,
    async list(path) {
      try {
        return (await readdir(join(root, path))).sort();
      } catch (error) {
        if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(error))) return [];
        throw error;
      }
    },
    async text(path) {
      return (await readFile(join(root, path), "utf8")).trim();
    },
  };
}
