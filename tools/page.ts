/** The report's styles and script, bundled to strings: the page is one file, and so is the command that writes it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build as bundle } from "esbuild";
import { root } from "./entries.ts";

/** What the step reads. */
export const pageInputs = ["tools/page.ts", "cli/tour/page", "package-lock.json"];
const written = "cli/tour/page/generated/assets.ts";

/** Every browser that people still use; the styles keep to what these know. */
const target = ["chrome100", "firefox100", "safari15.4"];

async function bundled(entryPoint: string): Promise<string> {
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
  });
  return (outputFiles[0]?.text ?? "").trim();
}

/** Writes the module that cli/tour/page/render.ts imports; returns its path from the root. */
export async function buildPage(): Promise<string[]> {
  const [styles, script] = await Promise.all([bundled("cli/tour/page/page.css"), bundled("cli/tour/page/script.ts")]);
  const module = `export const styles = ${JSON.stringify(styles)};\nexport const script = ${JSON.stringify(script)};\n`;
  mkdirSync(dirname(join(root, written)), { recursive: true });
  writeFileSync(join(root, written), module);
  return [written];
}
