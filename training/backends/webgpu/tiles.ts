/** How the gradients of conv2d divide their outputs among threads. */

/** Channels or filters of a group, dealt out to tiles of nearly one size: the first `full` tiles have `size` of them, the others one less. */
export interface Tiles {
  readonly size: number;
  readonly tiles: number;
  readonly full: number;
}

/** The ways to deal `count` out to tiles of at most `most`, largest tiles first. */
export function tilesOf(count: number, most: number): Tiles[] {
  const ways = new Map<number, Tiles>();
  for (let tile = Math.min(most, count); tile >= 1; tile--) {
    const tiles = Math.ceil(count / tile);
    const size = Math.ceil(count / tiles);
    ways.set(size, { size, tiles, full: count - tiles * (size - 1) });
  }
  return [...ways.values()];
}

/** Threads that keep most GPUs busy. With fewer, a smaller tile wins although it computes less per load. */
const BUSY = 8192;

/** The first of the ways that takes least time: `instructions` of each of `threads` threads, which all run at once while there are few. */
export function fastest<W>(ways: readonly W[], work: (way: W) => { readonly threads: number; readonly instructions: number }): W {
  const time = (way: W): number => {
    const { threads, instructions } = work(way);
    return Math.max(threads, BUSY) * instructions;
  };
  return ways.reduce((best, way) => (time(way) < time(best) ? way : best));
}
