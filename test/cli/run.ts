/** Runs the built command as a shell would. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { build } from "../../tools/build.ts";
import { root } from "../../tools/entries.ts";
import { withLock } from "../../tools/stamp.ts";
import type { Files } from "./data.ts";

/** Of all files of one test file; removed after it. */
export const folder = mkdtempSync(join(tmpdir(), "swivel-cli-"));

/** A copy of `dist/` below the root, where it finds data and dependencies as the original does: that one may be built anew meanwhile. */
const copy = join(root, "build", `cli-${process.pid}-${Date.now()}`);
const cli = join(copy, "dist", "cli.js");

beforeAll(async () => {
  await build();
  await withLock(async () => cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true }));
});
afterAll(() => {
  for (const path of [folder, copy]) rmSync(path, { recursive: true, force: true });
});

/** Writes the files into a folder of this name, and returns its path. */
export function put(name: string, files: Files): string {
  for (const [file, bytes] of Object.entries(files)) {
    const path = join(folder, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return join(folder, name);
}

export const bytesOf = (name: string): Buffer => readFileSync(join(folder, name));

export interface Ran {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** Another program that starts the command, such as a shell with limits. */
  readonly through?: readonly string[];
  /** Gets what has been said on stderr so far, each time that something is, and the process. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
  /** The same of stdout, for commands that go on after their result. */
  readonly onStdout?: (text: string, child: ChildProcess) => void;
}

/** What Node's WebGPU (Dawn) tells of the machine's drivers, whoever asks for an adapter; no word of ours. */
const DAWN = /^Warning: .*\n(?: {4}at .*\n\n?)*/gm;

/** Starts the command in the test file's folder and waits for its end. */
export function swivel(args: readonly string[], { env, through = [], onStderr, onStdout }: RunOptions = {}): Promise<Ran> {
  const [program = "", ...rest] = [...through, process.execPath, cli, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (piece) => {
      stdout += piece;
      onStdout?.(stdout, child);
    });
    child.stderr.on("data", (piece) => {
      stderr += piece;
      onStderr?.(stderr.replace(DAWN, ""), child);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr: stderr.replace(DAWN, "") }));
  });
}

/** Runs with --json, expects success and one JSON document on stdout, and returns it. */
// biome-ignore lint/suspicious/noExplicitAny: each command has a document of its own, which its tests take apart
export async function json(args: readonly string[], options?: RunOptions): Promise<any> {
  const { code, stdout, stderr } = await swivel([...args, "--json"], options);
  expect(code, stderr).toBe(0);
  expect(stdout.endsWith("}\n")).toBe(true);
  return JSON.parse(stdout);
}

/** Fails unless the run ended with one coded line on stderr that has all these words, and with nothing on stdout. */
export function expectRefusal({ code, stdout, stderr }: Ran, error: ErrorCode, ...words: (string | RegExp)[]): void {
  const lines = stderr.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("swivel: "))).toHaveLength(1);
  const last = lines.at(-1) as string;
  expect(last.slice(0, `swivel: ${error} `.length), stderr).toBe(`swivel: ${error} `);
  for (const word of words) expect(last).toMatch(word);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stdout).toBe("");
  expect(code).toBe(error === "E_OPTION" ? 2 : error === "E_ABORTED" ? 130 : 1);
}
