/** Build steps that run only when what they read has changed, one process at a time. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./entries.ts";

const stampDir = join(root, "build", "stamp");

/** All files under `path` (from the root), sorted; generated ones left out. A file stands for itself, a missing path for nothing. */
function filesUnder(path: string): string[] {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  const names = readdirSync(full).filter((name) => name !== "generated" && name !== "node_modules");
  return names.sort().flatMap((name) => filesUnder(`${path}/${name}`));
}

/** SHA-256 over names and contents. */
function hashOf(paths: readonly string[]): string {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths.flatMap(filesUnder)) hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

export interface Step {
  readonly name: string;
  /** Files and folders that it reads, from the root. */
  readonly inputs: readonly string[];
  /** Writes its results and returns their paths, from the root. */
  run(): Promise<readonly string[]>;
}

/** Runs a step unless its inputs are those of the last time and its outputs still stand. Returns whether it ran. */
export async function runIfChanged(step: Step): Promise<boolean> {
  const stampFile = join(stampDir, `${step.name}.json`);
  const inputs = hashOf(step.inputs);
  if (existsSync(stampFile)) {
    const last = JSON.parse(readFileSync(stampFile, "utf8")) as { inputs: string; outputs: string[] };
    if (last.inputs === inputs && last.outputs.every((path) => existsSync(join(root, path)))) return false;
    rmSync(stampFile);
  }
  const outputs = await step.run();
  mkdirSync(stampDir, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ inputs, outputs }));
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Runs `work` while nothing else runs under the same lock file; waits for its owner, and takes over from one that died. */
export async function withLock<T>(work: () => Promise<T>, lock: string = join(root, "build", "lock")): Promise<T> {
  mkdirSync(dirname(lock), { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
      if (owner > 0 && !isAlive(owner)) rmSync(lock, { force: true });
      else {
        if (waited === 50) console.error(`waiting for the build of process ${owner}; if there is none, delete ${lock}`);
        await sleep(100);
      }
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}
