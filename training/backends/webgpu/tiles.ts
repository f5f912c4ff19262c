/** How the gradients of conv2d divide their outputs among threads. */

/** Channels or filters of a group, dealt out to tiles of nearly one size: the first `full` tiles have `size` of them, the others one less. */
export interface Tiles {
  readonly size: number;
  readonly tiles: number;
  readonly full: number;
}

/** A tile has as many if there are as many: smaller ones compute too little for what they load. */
const FEWEST = 4;

/** The ways to deal `count` out to tiles of at most `most`, largest tiles first. */
export function tilesOf(count: number, most: number): Tiles[] {
  const ways = new Map<number, Tiles>();
  for (let tile = Math.min(most, count); tile >= Math.min(FEWEST, count); tile--) {
    const tiles = Math.ceil(count / tile);
    const size = Math.ceil(count / tiles);
    ways.set(size, { size, tiles, full: count - tiles * (size - 1) });
  }
  return [...ways.values()];
}

/** The first of the ways that takes least time: `instructions` of each of `threads` threads, of which `busy` run at once. */
export function fastest<W>(
  ways: readonly W[],
  busy: number,
  work: (way: W) => { readonly threads: number; readonly instructions: number },
): W {
  const time = (way: W): number => {
    const { threads, instructions } = work(way);
    return Math.max(threads, busy) * instructions;
  };
  return ways.reduce((best, way) => (time(way) < time(best) ? way : best));
}
