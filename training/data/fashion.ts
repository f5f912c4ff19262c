/** The slice of Fashion-MNIST that comes with the package. Node only. */
import { importNode } from "../../src/backends/platform.ts";
import { DataError } from "../../src/errors.ts";
import type { AssembleOptions } from "./assemble.ts";
import type { Dataset } from "./dataset.ts";
import { openDataset } from "./open.ts";

const PLACE = "data/fashion-mnist";

/** 6,000 training, 1,000 validation and 10,000 test images of 28 × 28, grey, ten classes. Works offline. Throws `E_NOT_FOUND` if the files were removed. */
export async function fashionSlice(options: AssembleOptions = {}): Promise<Dataset> {
  return openDataset(await sliceFolder(), options);
}

/** Looks from this file upwards: sources, bundles and installed packages lie at different depths below `data/`. */
async function sliceFolder(): Promise<string> {
  if (!import.meta.url.startsWith("file:")) {
    throw new DataError(
      "E_UNSUPPORTED",
      "the Fashion-MNIST slice: is read from the package's files, by Node; in a browser, load its files and use datasetFromIdx",
    );
  }
  const { existsSync } = await importNode<typeof import("node:fs")>("fs");
  const { fileURLToPath } = await importNode<typeof import("node:url")>("url");
  for (let at = new URL(".", import.meta.url); ; at = new URL("..", at)) {
    const folder = new URL(`${PLACE}/`, at);
    if (existsSync(new URL("classes.txt", folder))) return fileURLToPath(folder);
    if (new URL("..", at).href === at.href) break;
  }
  throw new DataError(
    "E_NOT_FOUND",
    `${PLACE}: the package's Fashion-MNIST slice is not there; install the package again, or name a data folder`,
  );
}
