/** The declarations in `dist/types`: what the entries' types reach, in the tree of the sources. Types are checked by `npm run lint`, not here. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { binOf } from "./bin.ts";
import { entries, root } from "./entries.ts";

const relativeImport = /(\b(?:from|import)[\s(]*["'])(\.{1,2}\/[^"']+)\.ts(?=["'])/g;
const newNames = /\bSymbol\.(?:asyncD|d)ispose\b|\b(?:Async)?Disposable\b/;

async function emit(outdir: string): Promise<void> {
  const config = join(root, "build", "tsconfig.types.json");
  const compilerOptions = { noEmit: false, declaration: true, emitDeclarationOnly: true, noCheck: true, rootDir: "..", outDir: outdir };
  const files = entries.flatMap((entry) => (entry.specifier ? [`../${entry.source}`] : []));
  writeFileSync(config, JSON.stringify({ extends: "../tsconfig.json", compilerOptions, files, include: [] }));
  await promisify(execFile)(process.execPath, [binOf("typescript", "tsc"), "-p", config]);
}

/**
 * Writes them into `outdir` (absolute). The compiler leaves `./x.ts` in them, but only `./x.js` leads every consumer to `./x.d.ts`; and it does
 * not say that `Disposable` needs a library newer than the consumer's. Declarations that no public type mentions are not shipped.
 */
export async function writeDeclarations(outdir: string): Promise<void> {
  await emit(outdir);
  const pending = entries.flatMap(({ specifier, source }) => (specifier ? [join(outdir, source.replace(/\.ts$/, ".d.ts"))] : []));
  const reached = new Set<string>();
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const folder = dirname(file);
    const text = readFileSync(file, "utf8").replace(relativeImport, (_, before: string, path: string) => {
      pending.push(join(folder, `${path}.d.ts`));
      return `${before}${path}.js`;
    });
    writeFileSync(file, newNames.test(text) ? `/// <reference lib="esnext.disposable" />\n${text}` : text);
  }
  for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(file)) rmSync(file);
  }
}
