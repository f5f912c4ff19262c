/** How the gradients of conv2d divide their outputs among threads. */
import { type Tiles, tilesOf } from "../../../src/backends/webgpu/tiles.ts";

/** The ways to deal `count` out to tiles of `fewest` to `most`, or if there is none, to the largest. Small tiles compute too little for what they load. */
export function tilesFrom(count: number, fewest: number, most: number): Tiles[] {
  const ways = tilesOf(count, most, fewest);
  const large = ways.filter(({ size }) => size >= fewest);
  return large.length > 0 ? large : ways.slice(0, 1);
}

export interface Work {
  readonly threads: number;
  /** Of each thread. */
  readonly instructions: number;
  /** Dispatches that must wait for this one. */
  readonly more?: number;
}

/** Threads that keep most GPUs busy: while there are fewer, more of them take no more time. */
const BUSY = 8192;
/** How much more work than the least a way may make to keep a GPU busy. */
const SLACK = 1.04;
/** Instructions of a thread that take as long as one dispatch waits for another. */
const DISPATCH = 3000;

/** Of the ways that make about the least work the first that takes least time. */
export function fastest<W>(ways: readonly W[], workOf: (way: W) => Work): W {
  const rated = ways.map((way) => ({ way, ...workOf(way) }));
  const least = Math.min(...rated.map(({ threads, instructions }) => threads * instructions));
  const time = ({ threads, instructions, more = 0 }: Work): number => Math.max(threads, BUSY) * instructions + more * BUSY * DISPATCH;
  const lean = rated.filter(({ threads, instructions }) => threads * instructions <= SLACK * least);
  return lean.reduce((best, way) => (time(way) < time(best) ? way : best)).way;
}
