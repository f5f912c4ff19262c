/** A network that any backend compiles at once, and what it must give. */
import { expect } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Session, writeModel } from "../../src/index.ts";
import { ops } from "../../src/ops/index.ts";

/** y = mean over pixels of x + slope · relu(x), with an image of 2×4×4: 32 numbers in, 2 out. */
export function tinyModel(): Uint8Array<ArrayBuffer> {
  const net = new GraphBuilder(ops);
  const x = net.input("image", ["N", 2, 4, 4]);
  const rotated = net.add("relu", "rotated", { x, slope: net.param("slope", [2]) });
  net.output(net.add("global_avg_pool", "mean", { x: net.add("add", "sum", { a: rotated, b: x }) }));
  return writeModel({ graph: net.build(), tensors: { slope: Float32Array.of(0.5, -2) } });
}

/** What `tinyModel` computes. */
export function tinyOutputs(image: Float32Array): number[] {
  return Array.from({ length: image.length / 16 }, (_, plane) => {
    const slope = plane % 2 === 0 ? 0.5 : -2;
    const values = [...image.subarray(16 * plane, 16 * (plane + 1))];
    return values.reduce((sum, value) => sum + slope * Math.max(0, value) + value, 0) / 16;
  });
}

/** Numbers without any regularity. */
export const imageOf = (seed: number, batch = 1): Float32Array =>
  new Float32Array(32 * batch).map((_, i) => ((i * 7 + seed * 13) % 29) / 14 - 1);

export function expectTiny(image: Float32Array, outputs: Record<string, Float32Array>): void {
  const wanted = tinyOutputs(image);
  expect(outputs.mean).toHaveLength(wanted.length);
  wanted.forEach((value, i) => void expect(Math.abs((outputs.mean?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-5));
}

/** The session runs, on batches of two sizes. */
export async function expectRuns(session: Session): Promise<void> {
  for (const batch of [1, 3]) expectTiny(imageOf(1, batch), await session.run({ image: imageOf(1, batch) }));
}

/** What a promise rejects with. */
export const messageOf = (promise: Promise<unknown>): Promise<string> => promise.then(String, (error: Error) => error.message);
