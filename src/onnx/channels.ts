/** Ops that move whole channels, dimension 1, with indices that are all known beforehand. */
import { inverseIndex } from "../ops/channels.ts";
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
 * Channel j of the result is channel index[j] of a value of x's rank with this many channels, zeros where index[j] is −1: these take the one channel
 * of zeros that comes behind the value.
 */
export function pick(io: OnnxIo<unknown>, value: string, index: readonly number[], channels: number): string {
  const padded = index.includes(-1) ? pad(io, value, 0, 1) : value;
  return gather(
    io,
    padded,
    index.map((channel) => (channel < 0 ? channels : channel)),
  );
}

/**
 * Channel i of a value of x's rank, at channel index[i] of `channels`, zeros in the others. A gather the other way round: runtimes differ in whether
 * and how fast they scatter; all of them gather.
 */
export function scatter(io: OnnxIo<unknown>, value: string, index: readonly number[], channels: number): string {
  return pick(io, value, inverseIndex(index, channels), index.length);
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
