import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { build as bundle } from "esbuild";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binOf } from "../../tools/bin.ts";
import { entries, root } from "../../tools/entries.ts";
import { budget, measure } from "../../tools/size.ts";
import { installInto } from "./consumer.ts";

const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const run = promisify(execFile);
const importable = entries.filter((entry) => entry.specifier !== undefined);

describe("the package", () => {
  const consumer = mkdtempSync(join(tmpdir(), "swivel-consumer-"));
  let packed: string[] = [];

  beforeAll(async () => {
    packed = await installInto(consumer);
  });
  afterAll(() => rmSync(consumer, { recursive: true, force: true }));

  it("lists the same entries in package.json, tsconfig.json and tools/entries.ts", () => {
    const { exports, bin } = readJson("package.json");
    const subpath = (specifier: string) => specifier.replace("swivel-nn", ".");
    expect(exports).toEqual({
      ...Object.fromEntries(
        importable.map(({ specifier = "", source, name }) => [
          subpath(specifier),
          { types: `./dist/types/${source.replace(/\.ts$/, ".d.ts")}`, default: `./dist/${name}.js` },
        ]),
      ),
      "./package.json": "./package.json",
    });
    expect(readJson("tsconfig.json").compilerOptions.paths).toEqual(
      Object.fromEntries(importable.map(({ specifier = "", source }) => [specifier, [`./${source}`]])),
    );
    expect(Object.values(bin)).toEqual(entries.filter((entry) => entry.command).map((entry) => `dist/${entry.name}.js`));
  });

  it("packs bundles, declarations and the data of the tour, and nothing else", () => {
    const wanted =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w-]+\.js|dist\/LICENSES\.txt|dist\/types\/[\w/-]+\.d\.ts|data\/fashion-mnist\/[\w.-]+)$/;
    expect(packed.filter((path) => !wanted.test(path))).toEqual([]);
    expect(packed).toEqual(expect.arrayContaining(["LICENSE", ...entries.map((entry) => `dist/${entry.name}.js`)]));
  });

  it("pleases publint", async () => {
    const { messages } = await publint({ pkgDir: root, strict: true, level: "suggestion" });
    expect(messages).toEqual([]);
  });

  it("has workers of one file where they can stand alone", () => {
    for (const { name } of entries.filter((entry) => entry.worker === "alone")) {
      expect(readFileSync(join(root, "dist", `${name}.js`), "utf8")).not.toMatch(/\bimport\b(?!\.meta)|\bfrom"/);
    }
  });

  it("has a command that the system can start", () => {
    for (const { name } of entries.filter((entry) => entry.command)) {
      const file = join(root, "dist", `${name}.js`);
      expect(readFileSync(file, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n(?!#!)/);
      if (process.platform !== "win32") expect(statSync(file).mode & 0o111).toBe(0o111);
    }
  });

  it.each([
    { module: "esnext", moduleResolution: "bundler" },
    { module: "node16", moduleResolution: "node16" },
  ])("is typed for a strict consumer under $moduleResolution", async (resolution) => {
    const imports = importable.map(({ specifier, name }) => `export * as ${name} from "${specifier}";`);
    const use = `import { Session } from "swivel-nn";\nexport const load: (path: string) => Promise<Session> = (path) => Session.load(path);`;
    writeFileSync(join(consumer, "package.json"), '{ "type": "module" }');
    writeFileSync(join(consumer, "app.ts"), [use, ...imports].join("\n"));
    const compilerOptions = {
      ...resolution,
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: "es2022",
      lib: ["es2022", "dom"],
      types: [],
    };
    writeFileSync(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }));
    const { stdout } = await run(process.execPath, [binOf("typescript", "tsc"), "-p", consumer]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });

  it("is imported by Node from an installed package", async () => {
    const { stdout } = await run(
      process.execPath,
      ["--input-type=module", "-e", 'console.log(typeof (await import("swivel-nn")).Session.load)'],
      {
        cwd: consumer,
      },
    );
    expect(stdout).toBe("function\n");
  });

  it("is bundled with its workers by the command in README", async () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const args = /^npx esbuild (.+)$/m.exec(readme)?.[1]?.split(" ") ?? [];
    writeFileSync(join(consumer, "app.ts"), 'import { Session } from "swivel-nn";\nawait Session.load("m", { worker: true });\n');
    const windows = process.platform === "win32";
    const command = join(root, "node_modules", ".bin", windows ? "esbuild.cmd" : "esbuild");
    await run(command, args, { cwd: consumer, shell: windows });
    const written = readdirSync(join(consumer, "out"));
    expect(written).toEqual(expect.arrayContaining(["app.js", "session_worker.js", "wasm_thread.js"]));
    for (const file of written) {
      const code = readFileSync(join(consumer, "out", file), "utf8");
      const needed = [...code.matchAll(/(?:\bfrom|\bimport\(?|new URL\()\s*"\.\/([^"]+)"/g)].map((match) => match[1]);
      expect({ file, missing: needed.filter((name) => !written.includes(name as string)) }).toEqual({ file, missing: [] });
    }
  });

  it("touches no browser or Node global when it is imported, and keeps its errors' names when minified", async () => {
    const { outputFiles } = await bundle({
      absWorkingDir: root,
      stdin: { contents: 'export * from "swivel-nn";', resolveDir: root },
      bundle: true,
      write: false,
      minify: true,
      format: "iife",
      globalName: "swivel",
      platform: "neutral",
      external: ["node:*"],
      tsconfigRaw: {},
      logOverride: { "empty-import-meta": "silent" },
    });
    // A context with the language's own globals, and the two that every host has.
    const context: Record<string, unknown> = { TextEncoder, TextDecoder };
    runInNewContext(`${outputFiles[0]?.text}; globalThis.swivel = swivel;`, context);
    const swivel = context.swivel as Record<string, new (...args: string[]) => Error>;
    const errors = Object.keys(swivel).filter((name) => name.endsWith("Error"));
    expect(errors).toContain("SwivelError");
    for (const name of errors) expect(new swivel[name]!("E_INPUT", "text").name).toBe(name);
  });

  it("lets an app run a model within the size budget", async () => {
    const { loads } = await measure();
    for (const { file, gzip } of loads) expect(gzip, file).toBeLessThanOrEqual(budget);
    // each of them holds what the one before it holds, and more
    expect(loads.map(({ raw }) => raw)).toEqual(loads.map(({ raw }) => raw).sort((a, b) => a - b));
    expect(new Set(loads.map(({ raw }) => raw)).size).toBe(loads.length);
  });
});
