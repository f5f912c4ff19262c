/** How the gradients of conv2d divide their outputs among threads. */

/** Channels or filters of a group, dealt out to tiles of nearly one size: the first `full` tiles have `size` of them, the others one less. */
export interface Tiles {
  readonly size: number;
  readonly tiles: number;
  readonly full: number;
}

/** The ways to deal `count` out to tiles of at most `most`, largest tiles first; none smaller than `fewest`, if that can be, since small ones compute too little for what they load. */
export function tilesOf(count: number, most: number, fewest: number): Tiles[] {
  const ways = new Map<number, Tiles>();
  for (let tile = Math.min(most, count); tile >= Math.min(fewest, count); tile--) {
    const tiles = Math.ceil(count / tile);
    const size = Math.ceil(count / tiles);
    if (ways.size === 0 || size >= fewest) ways.set(size, { size, tiles, full: count - tiles * (size - 1) });
  }
  return [...ways.values()];
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
const SLACK = 1.1;

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
