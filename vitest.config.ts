import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { entries, root } from "./tools/entries.ts";

export default defineConfig({
  resolve: {
    // Demo and bench import the package by its name; their tests get the sources, as tsconfig's `paths` say.
    alias: entries.flatMap(({ specifier, source }) =>
      specifier ? [{ find: new RegExp(`^${specifier}$`), replacement: join(root, source) }] : [],
    ),
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/global_setup.ts"],
    // Processes, not threads: the Wasm tests start workers of their own and set engine flags.
    pool: "forks",
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: process.env.CI ? ["default", ["json", { outputFile: "build/test-results.json" }]] : ["default"],
  },
});
