/** Ops that move whole channels, dimension 1, with indices that are all known beforehand. */
import type { OnnxIo } from "./rule.ts";

const CHANNELS = { axis: 1 } as const;

export function concat(io: OnnxIo<unknown>): void {
  const parts = io.list("x").map((slot) => io.input(slot));
  io.op("Concat", parts, CHANNELS);
}

/** A value of x's rank with zero channels on both sides. */
function pad(io: OnnxIo<unknown>, value: string, before: number, after: number): string {
  const sides = [before, after].flatMap((count) => io.shape("x").map((_, dim) => (dim === 1 ? count : 0)));
  return io.op("Pad", [value, io.integers(sides)]);
}

/** Channel j of the result is channel index[j] of a value. */
export function gather(io: OnnxIo<unknown>, value: string, index: readonly number[]): string {
  return io.op("Gather", [value, io.integers(index)], CHANNELS);
}

/**
 * Channel i of a value of x's rank, at channel index[i] of `channels`, zeros in the others. A gather the other way round: behind the value comes one
 * channel of zeros, which all those take that none lands on. Runtimes differ in whether and how fast they scatter; all of them gather.
 */
export function scatter(io: OnnxIo<unknown>, value: string, index: readonly number[], channels: number): string {
  const sources = new Array<number>(channels).fill(index.length);
  index.forEach((to, from) => {
    sources[to] = from;
  });
  return gather(io, index.length < channels ? pad(io, value, 0, 1) : value, sources);
}

export function padChannels(io: OnnxIo<{ readonly before: number; readonly after: number }>): void {
  pad(io, io.input("x"), io.attrs.before, io.attrs.after);
}

export function sliceChannels(io: OnnxIo<{ readonly start: number; readonly count: number }>): void {
  const { start, count } = io.attrs;
  io.op("Slice", [io.input("x"), io.integers([start]), io.integers([start + count]), io.integers([1])]);
}

export function gatherChannels(io: OnnxIo<{ readonly index: readonly number[] }>): void {
  gather(io, io.input("x"), io.attrs.index);
}

export function scatterAddChannels(io: OnnxIo<{ readonly index: readonly number[]; readonly channels: number }>): void {
  const y = scatter(io, io.input("x"), io.attrs.index, io.attrs.channels);
  const base = io.input("base");
  if (base !== "") io.op("Add", [base, y]);
}
