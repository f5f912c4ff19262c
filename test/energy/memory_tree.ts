/** A tree of small files in memory. A text may be an error's code, thrown when the file is read: { deny: "EACCES" }. */
import type { Tree } from "../../energy/sources/tree.ts";

export type File = string | number | { readonly deny: string } | (() => string | number);

export function memoryTree(files: Readonly<Record<string, File>>): Tree {
  return {
    root: "/sys",
    async list(path) {
      const below = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return [...new Set(below.map((file) => file.slice(path.length + 1).split("/")[0] as string))].sort();
    },
    async text(path) {
      const file = files[path];
      if (file === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '/sys/${path}'`), { code: "ENOENT" });
      if (typeof file === "object")
        throw Object.assign(new Error(`${file.deny}: permission denied, open '/sys/${path}'`), { code: file.deny });
      return String(typeof file === "function" ? file() : file).trim();
    },
  };
}

/** A zone of powercap, flat as the real tree shows them. */
export function zone(
  id: string,
  name: string,
  energy: File = 1_000_000,
  more: Readonly<Record<string, File>> = { max_energy_range_uj: 262_143_328_850 },
) {
  const path = `class/powercap/${id}`;
  return Object.fromEntries(Object.entries({ name, energy_uj: energy, ...more }).map(([file, text]) => [`${path}/${file}`, text]));
}

export function supply(name: string, files: Readonly<Record<string, File>>) {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`class/power_supply/${name}/${file}`, text]));
}
