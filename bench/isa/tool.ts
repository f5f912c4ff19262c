/** The machine-code tool: finds it, runs it, and keeps what it said under build/isa. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { SwivelError } from "swivel-nn";
import { root } from "../../tools/entries.ts";

const run = promisify(execFile);

export const gpus = ["navi31", "renoir"] as const;
export type Gpu = (typeof gpus)[number];

/** What the tool counts, of which we use these. */
export interface ToolRow {
  readonly gpu: Gpu;
  readonly "loop FMA": number;
  readonly "loop VALU": number;
  readonly "loop LDS": number;
  readonly "loop global": number;
  readonly "loop all": number;
  readonly VGPRs: number;
  readonly spilled: number;
  readonly "waves/SIMD": number;
  readonly instructions: number;
}

export interface Compiled {
  readonly row: ToolRow;
  /** The machine code. */
  readonly text: string;
}

const DEFAULT_PLACE = join("..", "shared", "tools", "wgsl-isa", "wgsl-isa.mjs");

export interface Tool {
  readonly file: string;
  /** The software adapter beside it, whose name tells Mesa's version: another one compiles anew. */
  readonly driver: string;
}

/** `given`, or WGSL_ISA, or the tool beside the repository. Throws SwivelError E_NOT_FOUND. */
export function findTool(given: string | undefined = process.env.WGSL_ISA): string {
  const file = resolve(root, given ?? DEFAULT_PLACE);
  if (existsSync(file)) return file;
  throw new SwivelError(
    "E_NOT_FOUND",
    `the machine-code tool wgsl-isa.mjs is not at ${file}; name it with --tool FILE or the environment variable WGSL_ISA (it needs gcc, libvulkan-dev, spirv-tools and Mesa 25)`,
  );
}

const folder = join(root, "build", "isa");

/** What `make` gives, made once for each `key` and kept. */
export async function kept<T>(key: readonly unknown[], make: () => Promise<T>): Promise<T> {
  const name = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 24);
  const file = join(folder, `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
  const value = await make();
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(value));
  return value;
}

/** Compiles a shader for every GPU. Throws SwivelError E_BACKEND where the tool fails, with what it said. */
export function compile({ file, driver }: Tool, code: string, constants: Readonly<Record<string, number>>): Promise<Compiled[]> {
  return kept([readFileSync(file, "utf8"), driver, gpus, code, constants], async () => {
    const flags = Object.entries(constants).flatMap(([name, value]) => ["--const", `${name}=${value}`]);
    const args = [file, "-", ...flags, "--gpu", gpus.join(","), "--text", "--json"];
    const running = run(process.execPath, args, { cwd: root, maxBuffer: 2 ** 28, encoding: "utf8" });
    running.child.stdin?.end(code);
    const { stdout } = await running.catch((error: Error & { stderr?: string }) => {
      const said = (error.stderr ?? error.message).trim().split("\n").slice(0, 12).join("\n");
      throw new SwivelError("E_BACKEND", `${file} failed; its needs are in the README beside it. It said:\n${said}`, { cause: error });
    });
    const json = stdout.lastIndexOf('\n[{"gpu"');
    const rows = JSON.parse(stdout.slice(json)) as ToolRow[];
    // the code of each GPU stands after a line with its name
    const parts = stdout
      .slice(0, json)
      .split(/^; (?=\w+$)/m)
      .slice(1);
    return rows.map((row) => ({ row, text: parts.find((part) => part.startsWith(`${row.gpu}\n`))?.slice(row.gpu.length + 1) ?? "" }));
  });
}
