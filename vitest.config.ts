import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { entries, root } from "./tools/entries.ts";

/** Software adapters take minutes for a few short files, which would begin last and keep one worker waiting for the other. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => /[\\/](ops|train)[\\/]webgpu/.test(moduleId);
    return (await super.sort(files)).sort((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

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
    sequence: { sequencer: LongestFirst },
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: process.env.CI ? ["default", ["json", { outputFile: "build/test-results.json" }]] : ["default"],
  },
});
