import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binOf } from "../../tools/bin.ts";
import { root } from "../../tools/entries.ts";

/** [importing file, what it imports, allowed] */
const cases: readonly [file: string, specifier: string, allowed: boolean][] = [
  ["src/errors.ts", "./graph/graph.ts", false],
  ["src/graph/a.ts", "./b.ts", true],
  ["src/graph/a.ts", "../errors.ts", true],
  ["src/graph/a.ts", "../ops/conv2d.ts", false],
  ["src/graph/a.ts", "../session.ts", false],
  ["src/graph/a.ts", "node:fs", false],
  ["src/ops/a.ts", "../graph/graph.ts", true],
  ["src/ops/a.ts", "../passes/fold.ts", false],
  ["src/ops/a.ts", "../backends/backend.ts", false],
  ["src/ops/a.ts", "../../training/ops/relu.ts", false],
  ["src/passes/a.ts", "../ops/index.ts", true],
  ["src/plan/a.ts", "../graph/graph.ts", true],
  ["src/model/a.ts", "../passes/fold.ts", true],
  ["src/passes/a.ts", "../backends/backend.ts", false],
  ["src/plan/a.ts", "../session.ts", false],
  ["src/model/a.ts", "../backends/wasm/run.ts", false],
  ["src/reference/a.ts", "../ops/index.ts", true],
  ["src/reference/a.ts", "../backends/backend.ts", true],
  ["src/reference/a.ts", "../backends/wasm/run.ts", false],
  ["src/backends/backend.ts", "../plan/memory.ts", true],
  ["src/backends/backend.ts", "../session.ts", false],
  ["src/backends/wasm/a.ts", "../backend.ts", true],
  ["src/backends/wasm/a.ts", "./generated/kernels.ts", true],
  ["src/backends/wasm/a.ts", "../../plan/memory.ts", true],
  ["src/backends/wasm/a.ts", "../webgpu/device.ts", false],
  ["src/backends/wasm/a.ts", "../../session.ts", false],
  ["src/backends/wasm/a.ts", "../../reference/index.ts", false],
  ["src/session.ts", "./backends/wasm/run.ts", true],
  ["src/session.ts", "./reference/index.ts", false],
  ["src/index.ts", "../training/index.ts", false],
  ["src/session.ts", "../cli/main.ts", false],
  ["src/session.ts", "../energy/index.ts", false],
  ["src/session.ts", "commander", false],
  ["training/a.ts", "../src/index.ts", true],
  ["training/ops/a.ts", "../autodiff.ts", true],
  ["training/ops/a.ts", "../../src/ops/index.ts", true],
  ["training/a.ts", "../energy/index.ts", false],
  ["training/ops/a.ts", "../../cli/main.ts", false],
  ["training/a.ts", "swivel-nn", false],
  ["energy/a.ts", "../src/index.ts", true],
  ["energy/a.ts", "../training/index.ts", false],
  ["energy/page/a.ts", "../../src/session.ts", true],
  ["energy/report/a.ts", "../../cli/output.ts", false],
  ["cli/a.ts", "../energy/index.ts", true],
  ["demo/a.ts", "swivel-nn/energy", true],
  ["demo/a.ts", "../energy/index.ts", false],
  ["cli/a.ts", "../training/index.ts", true],
  ["cli/a.ts", "commander", true],
  ["cli/a.ts", "../bench/main.ts", false],
  ["demo/a.ts", "swivel-nn", true],
  ["demo/a.ts", "swivel-nn/training", true],
  ["demo/a.ts", "../src/session.ts", false],
  ["demo/a.ts", "../training/index.ts", false],
  ["bench/a.ts", "swivel-nn/training", true],
  ["bench/a.ts", "../tools/browser.ts", true],
  ["bench/a.ts", "../src/index.ts", false],
  ["bench/a.ts", "../dist/index.js", false],
  ["tools/a.ts", "../src/ops/index.ts", true],
  ["tools/a.ts", "../training/ops/index.ts", true],
  ["tools/a.ts", "../cli/main.ts", false],
  ["src/model/a.ts", "../../test/fixtures/load.ts", false],
  ["training/a.ts", "../test/fixtures/load.ts", false],
  ["cli/a.ts", "../test/fixtures/load.ts", false],
  ["demo/a.ts", "../test/fixtures/load.ts", false],
  ["bench/a.ts", "../test/fixtures/load.ts", false],
  ["tools/a.ts", "../test/fixtures/load.ts", false],
];

/** Every way to write an import; each must be seen. */
const forms = (from: string) => [
  `import { a } from "${from}";`,
  `import type { A } from "${from}";`,
  `export { b } from "${from}";`,
  `export * from "${from}";`,
  `export const c: A = [a, await import("${from}")];`,
];

describe("import rules", () => {
  const tree = mkdtempSync(join(tmpdir(), "swivel-layers-"));
  const reported = new Map<string, number>();
  /** A file of its own for each case; only errors.ts has a rule by name. */
  const pathOf = (file: string, index: number) => (file === "src/errors.ts" ? file : file.replace(/\w+\.ts$/, `case_${index}.ts`));

  beforeAll(() => {
    copyFileSync(join(root, "biome.json"), join(tree, "biome.json"));
    cases.forEach(([file, specifier], index) => {
      const path = join(tree, pathOf(file, index));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, forms(specifier).join("\n"));
    });
    const flags = ["lint", "--vcs-enabled=false", "--only=style/noRestrictedImports", "--max-diagnostics=none", "--reporter=github", "."];
    const { stdout } = spawnSync(process.execPath, [binOf("@biomejs/biome", "biome"), ...flags], { cwd: tree, encoding: "utf8" });
    for (const [, path] of stdout.matchAll(/noRestrictedImports,file=([^,]+)/g)) {
      const file = relative(realpathSync(tree), resolve(realpathSync(tree), path ?? "")).replaceAll("\\", "/");
      reported.set(file, (reported.get(file) ?? 0) + 1);
    }
  });
  afterAll(() => rmSync(tree, { recursive: true }));

  it.each(cases.map(([file, specifier, allowed], index) => ({ file, specifier, verb: allowed ? "may" : "must not", index })))(
    "$file $verb import $specifier",
    ({ file, specifier, verb, index }) => {
      expect(reported.get(pathOf(file, index)) ?? 0).toBe(verb === "may" ? 0 : forms(specifier).length);
    },
  );
});
