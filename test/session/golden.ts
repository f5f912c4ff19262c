/** The golden model: a real file with the logits that it must give. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

export const goldenPath = fileURLToPath(new URL("../fixtures/golden/model-v1.safetensors", import.meta.url));
export const goldenBytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(goldenPath));
const expected = JSON.parse(readFileSync(goldenPath.replace(/safetensors$/, "json"), "utf8")) as { image: number[]; logits: number[] };
/** Two images. */
export const goldenImage = Float32Array.from(expected.image);
export const goldenLogits: readonly number[] = expected.logits;

/** Logits of order 1, from a few hundred float32 multiply-adds each: 1e-5 leaves room for any order of summation. */
export function expectLogits(logits: ArrayLike<number> | undefined, wanted: readonly number[] = goldenLogits): void {
  expect(logits?.length).toBe(wanted.length);
  wanted.forEach((value, i) => void expect(Math.abs((logits?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-5));
}
