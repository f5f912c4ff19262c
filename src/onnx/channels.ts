/** Ops that move whole channels, dimension 1, with indices that are all known beforehand. */
import type { OnnxIo } from "./rule.ts";

const CHANNELS = { axis: 1 } as const;

export function concat(io: OnnxIo<unknown>): void {
  const parts = io.list("x").map((slot) => io.input(slot));
  io.op("Concat", parts, CHANNELS);
}

/** x with zero channels on both sides. */
function pad(io: OnnxIo<unknown>, before: number, after: number): string {
  const sides = [before, after].flatMap((count) => io.shape("x").map((_, dim) => (dim === 1 ? count : 0)));
  return io.op("Pad", [io.input("x"), io.integers(sides)]);
}

export function padChannels(io: OnnxIo<{ readonly before: number; readonly after: number }>): void {
  pad(io, io.attrs.before, io.attrs.after);
}

export function sliceChannels(io: OnnxIo<{ readonly start: number; readonly count: number }>): void {
  const { start, count } = io.attrs;
  io.op("Slice", [io.input("x"), io.integers([start]), io.integers([start + count]), io.integers([1])]);
}

export function gatherChannels(io: OnnxIo<{ readonly index: readonly number[] }>): void {
  io.op("Gather", [io.input("x"), io.integers(io.attrs.index)], CHANNELS);
}

/**
 * A gather the other way round: behind x comes one channel of zeros, which every channel of y takes that no channel of x lands on. Runtimes
 * differ in whether and how fast they scatter; all of them gather.
 */
export function scatterAddChannels(io: OnnxIo<{ readonly index: readonly number[]; readonly channels: number }>): void {
  const { index, channels } = io.attrs;
  const sources = new Array<number>(channels).fill(index.length);
  index.forEach((to, from) => {
    sources[to] = from;
  });
  const padded = index.length < channels ? pad(io, 0, 1) : io.input("x");
  const y = io.op("Gather", [padded, io.integers(sources)], CHANNELS);
  const base = io.input("base");
  if (base !== "") io.op("Add", [base, y]);
}
