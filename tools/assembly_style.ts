/**
 * Formats and lints `assembly/` with Biome, which cannot parse AssemblyScript's decorators of functions: they are comments while it looks.
 * `--write` fixes what can be fixed; without it anything to fix is an error.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binOf } from "./bin.ts";
import { root } from "./entries.ts";

const write = process.argv.includes("--write");
const tree = mkdtempSync(join(tmpdir(), "swivel-assembly-"));
try {
  const config = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"));
  config.files.includes = ["**"];
  // every kernel takes the same arguments, and AssemblyScript's f32 and f64 have no constants by name
  Object.assign(config.linter.rules.correctness, { noUnusedFunctionParameters: "off", noPrecisionLoss: "off" });
  Object.assign(config.linter.rules.suspicious, { noApproximativeNumericConstant: "off" });
  writeFileSync(join(tree, "biome.json"), JSON.stringify(config));
  mkdirSync(join(tree, "assembly"));
  const files = readdirSync(join(root, "assembly"), { withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith(".ts"),
  );
  for (const { name } of files) {
    const source = readFileSync(join(root, "assembly", name), "utf8");
    writeFileSync(join(tree, "assembly", name), source.replace(/^@(?=\w)/gm, "//@"));
  }
  const flags = [
    "check",
    ...(write ? ["--write"] : []),
    "--vcs-enabled=false",
    "--error-on-warnings",
    "--max-diagnostics=none",
    "assembly",
  ];
  const { status } = spawnSync(process.execPath, [binOf("@biomejs/biome", "biome"), ...flags], {
    cwd: tree,
    stdio: ["ignore", "inherit", "inherit"],
  });
  process.exitCode = status ?? 1;
  if (write) {
    for (const { name } of files) {
      const path = join(root, "assembly", name);
      const styled = readFileSync(join(tree, "assembly", name), "utf8").replace(/^\/\/@(?=\w)/gm, "@");
      if (styled !== readFileSync(path, "utf8")) writeFileSync(path, styled);
    }
  }
} finally {
  rmSync(tree, { recursive: true });
}
