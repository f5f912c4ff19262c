/** A project that has installed the package: only what npm would put into the tarball. */
import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { build } from "../../tools/build.ts";
import { root } from "../../tools/entries.ts";

/** Builds the package and installs it into `dir`, without the data of the tour. Returns the paths that npm would pack, the data among them. */
export async function installInto(dir: string): Promise<string[]> {
  await build();
  const pack = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const stdout = execFileSync("npm", pack, { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
  const packed = (JSON.parse(stdout) as [{ files: { path: string }[] }])[0].files.map((file) => file.path);
  for (const path of packed.filter((path) => !path.startsWith("data/"))) {
    cpSync(join(root, path), join(dir, "node_modules", "swivel-nn", path));
  }
  return packed;
}
