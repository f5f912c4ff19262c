import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Whether Node was started with this module: `if (isMain(import.meta.url)) ...` */
export function isMain(url: string): boolean {
  const script = process.argv[1];
  return script !== undefined && pathToFileURL(realpathSync(script)).href === url;
}
