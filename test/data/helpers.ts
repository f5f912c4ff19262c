import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect } from "vitest";
import { type ErrorCode, SwivelError } from "../../src/errors.ts";
import { Random } from "../../training/random.ts";

const folders: string[] = [];

/** A new temporary folder with these files (paths may have folders in them); removed after the test file. */
export function folderOf(files: Record<string, Uint8Array | string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "swivel-data-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** The typed error that `run` throws or rejects with; fails if it is another, or if its message lacks one of `words`. */
export async function expectError(run: () => unknown, code: ErrorCode, ...words: string[]): Promise<SwivelError> {
  let caught: unknown;
  try {
    await run();
  } catch (error) {
    caught = error;
  }
  expect(caught, "nothing was thrown").toBeInstanceOf(SwivelError);
  const error = caught as SwivelError;
  expect(error.message).toMatch(new RegExp(`^${code} `));
  expect(error.code).toBe(code);
  for (const word of words) expect(error.message).toContain(word);
  return error;
}

/** An idx file, byte for byte as the format says. */
export function idxBytes(shape: readonly number[], data: ArrayLike<number>, type = 0x08): Uint8Array {
  const sizes = shape.flatMap((size) => [(size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.from([0, 0, type, shape.length, ...sizes, ...Array.from(data)]);
}

export function noise(length: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length }, () => random.int(256));
}

/** The four files of a small idx data set: images of 4 × 3 (height × width), as many as there are labels. */
export function idxSet(trainLabels: readonly number[], testLabels: readonly number[], prefix = "") {
  return {
    [`${prefix}train-images-idx3-ubyte`]: idxBytes([trainLabels.length, 4, 3], noise(trainLabels.length * 12, 1)),
    [`${prefix}train-labels-idx1-ubyte`]: idxBytes([trainLabels.length], trainLabels),
    [`${prefix}t10k-images-idx3-ubyte`]: idxBytes([testLabels.length, 4, 3], noise(testLabels.length * 12, 2)),
    [`${prefix}t10k-labels-idx1-ubyte`]: idxBytes([testLabels.length], testLabels),
  };
}
