/**
 * What `dist/` is made of: one list for the bundler, the declarations and the tests' aliases.
 * `exports` and `bin` in package.json and `paths` in tsconfig.json say the same; test/house/package.test.ts holds them together.
 */
import { fileURLToPath } from "node:url";

/** The repository, without a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

export interface Entry {
  /** Source file, from the root. */
  readonly source: string;
  /** Its bundle is `dist/<name>.js`. */
  readonly name: string;
  /** How a consumer imports it. */
  readonly specifier?: string;
  /** A command: starts with `#!` and is executable. */
  readonly command?: boolean;
  /**
   * A script that the library starts as a worker. `alone`: one file without imports, so that bundlers and people can copy it. `sharing`: it needs
   * most of the library, and shares its chunks instead of shipping everything twice.
   */
  readonly worker?: "alone" | "sharing";
}

export const entries: readonly Entry[] = [
  { source: "src/index.ts", name: "index", specifier: "swivel-nn" },
  { source: "training/index.ts", name: "training", specifier: "swivel-nn/training" },
  { source: "src/reference/index.ts", name: "reference", specifier: "swivel-nn/reference" },
  { source: "src/onnx/index.ts", name: "onnx", specifier: "swivel-nn/onnx" },
  { source: "energy/index.ts", name: "energy", specifier: "swivel-nn/energy" },
  { source: "cli/main.ts", name: "cli", command: true },
  { source: "energy/page/main.ts", name: "energy_page" },
  { source: "src/session_worker.ts", name: "session_worker", worker: "sharing" },
  { source: "src/backends/wasm/wasm_thread.ts", name: "wasm_thread", worker: "alone" },
];
