/** How channels or filters are dealt out to workgroups; shaders/lib/filters.wgsl tells why. */

/** Tiles of nearly one size: the first `full` have `size` of them, the others one less. */
export interface Tiles {
  readonly size: number;
  readonly tiles: number;
  readonly full: number;
}

/** A tile has as many if there are as many: smaller ones compute too little for what they load. */
const FEWEST = 4;

/** The ways to deal `count` out to tiles of at most `most` and, if there are as many, at least `fewest`; largest tiles first. */
export function tilesOf(count: number, most: number, fewest = FEWEST): Tiles[] {
  const ways = new Map<number, Tiles>();
  for (let tile = Math.min(most, count); tile >= Math.min(fewest, count); tile--) {
    const tiles = Math.ceil(count / tile);
    const size = Math.ceil(count / tiles);
    ways.set(size, { size, tiles, full: count - tiles * (size - 1) });
  }
  return [...ways.values()];
}
