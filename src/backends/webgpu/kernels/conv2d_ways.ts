/**
 * How the pixels and filters of a convolution can be divided among threads, and what that costs. A thread that computes more sums loads less for each of
 * them; but there must be threads enough to fill a GPU, and tiles that filters and pixels divide into.
 */
import type { convSlots } from "../../../ops/conv2d.ts";
import { type Tiles, tilesOf } from "../tiles.ts";

/** The slots of a convolution that decide. */
export type Sizes = Readonly<Record<keyof typeof convSlots | "yc", number>>;

export interface Way {
  readonly tile: Tiles;
  /** Threads for the pixels of an example; each for a tile of filters. */
  readonly runs: number;
  /** Sums of a thread. */
  readonly sums: number;
  /** Estimate of the instructions of a thread: multiply-adds, two for each number that it loads, some around them. */
  readonly instructions: number;
  readonly constants: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, number>>;
}

/** Least in all threads together. */
export function leastWork(ways: readonly Way[]): Way {
  const work = ({ tile, runs, instructions }: Way): number => tile.tiles * runs * instructions;
  return ways.reduce((best, way) => (work(way) < work(best) ? way : best));
}

/** [sums of a thread, the fewest threads for which a thread may have so many], largest first. */
type Levels = readonly (readonly [sums: number, threads: number])[];

/** The ways in which threads have as many sums as they may. Where the best tiles are larger than that, those with the fewest. */
function within(levels: Levels, { n, cout, oh, ow }: Sizes, ways: readonly Way[]): readonly Way[] {
  const [most = 0] = levels.find(([sums, threads]) => n * cout * oh * ow >= sums * threads) ?? [];
  const fitting = ways.filter(({ sums }) => sums <= most);
  if (fitting.length > 0) return fitting;
  const fewest = Math.min(...ways.map(({ sums }) => sums));
  return ways.filter(({ sums }) => sums === fewest);
}

/** Tiles that leave at most a tenth of their places empty, if there are any; else those that leave fewest. */
function fullTiles(count: number, most: number, fewest?: number): Tiles[] {
  const tiles = tilesOf(count, most, fewest);
  const places = ({ size, tiles: number }: Tiles): number => size * number;
  const allowed = Math.max(1.1 * count, Math.min(...tiles.map(places)));
  return tiles.filter((tile) => places(tile) <= allowed);
}

const upTo = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const whole = (length: number, part: number): number => (length % part === 0 ? 1 : 0);

/** Strips of 4 to 8 pixels of a column (fewer in flat images), 4 to 8 filters. */
export function ways3x3(s: Sizes): readonly Way[] {
  const least = Math.min(4, s.oh);
  const ways = upTo(least, Math.min(8, s.oh)).flatMap((rows) =>
    fullTiles(s.cout, 8).map((tile): Way => {
      const seen = (rows - 1) * s.sh + 3;
      const sums = rows * tile.size;
      const strips = Math.ceil(s.oh / rows);
      return {
        tile,
        runs: strips * s.ow,
        sums,
        instructions: s.cin * (9 * sums + 10 * seen + 18 * tile.size) + 100 + 20 * seen + 7 * sums,
        constants: { ROWS: rows, STRIDE: s.sh },
        numbers: { strips },
      };
    }),
  );
  // with stride 2, strips have fewer rows of x in common, so that small ones load too much
  const levels: Levels =
    s.sh === 1
      ? [
          [64, 4096],
          [32, 256],
          [16, 0],
        ]
      : [
          [64, 4096],
          [32, 0],
        ];
  return within(levels, s, ways);
}

/** Runs of up to 8 pixels, 4 to 11 filters. Without stride, a plane is one row. */
export function ways1x1(s: Sizes): readonly Way[] {
  const strided = s.sh !== 1 || s.sw !== 1;
  const [rows, width] = strided ? [s.oh, s.ow] : [1, s.oh * s.ow];
  // pixels that lie apart are loaded one by one: there, few filters load too much
  const tiles = fullTiles(s.cout, 11, strided ? 8 : 4);
  const ways = upTo(Math.min(4, width), Math.min(8, width)).flatMap((pixels) =>
    tiles.map((tile): Way => {
      const sums = pixels * tile.size;
      const runs = Math.ceil(width / pixels);
      return {
        tile,
        runs: rows * runs,
        sums,
        instructions: s.cin * (sums + 2 * pixels + 2 * tile.size) + 150 + 20 * tile.size + (whole(width, pixels) ? 5 : 9) * sums,
        constants: { PIXELS: pixels, STEP: s.sw, WHOLE: whole(width, pixels) },
        numbers: { rows, width, runs },
      };
    }),
  );
  return within(
    [
      [64, 256],
      [32, 0],
    ],
    s,
    ways,
  );
}

/** Runs of up to `mostPixels` pixels of a row, and the parts in which the rows of a window are gone through. */
function rowWays(s: Sizes, mostPixels: number, mostSeen: number) {
  const mostTaps = 7;
  return upTo(1, Math.min(mostPixels, s.ow)).flatMap((pixels) => {
    const together = upTo(1, s.kw).map((parts) => {
      const taps = Math.ceil(s.kw / parts);
      return { taps, parts: Math.ceil(s.kw / taps), seen: (pixels - 1) * s.sw + (taps - 1) * s.dilation_w + 1, apart: 0 };
    });
    const apart = { taps: 1, parts: s.kw, seen: pixels, apart: 1 };
    return [...together.filter(({ taps, seen }) => taps <= mostTaps && seen <= mostSeen), apart].map((part) => ({
      ...part,
      pixels,
      constants: {
        PIXELS: pixels,
        TAPS: part.taps,
        RAGGED: 1 - whole(s.kw, part.taps),
        STEP: part.apart ? 1 : s.sw,
        DILATION: part.taps === 1 ? 1 : s.dilation_w,
        APART: part.apart,
        WHOLE: whole(s.ow, pixels),
      },
      numbers: { runs: Math.ceil(s.ow / pixels) },
    }));
  });
}

/** Runs of up to 4 pixels of a row, 4 to 8 filters. */
export function generalWays(s: Sizes): readonly Way[] {
  const ways = rowWays(s, 4, 13).flatMap(({ pixels, parts, taps, seen, apart, constants, numbers }) =>
    fullTiles(s.cout / s.groups, 8).map((tile): Way => {
      const sums = pixels * tile.size;
      // a row of the window in one channel
      const row = taps * sums + (apart ? 5 : 3) * seen + 2 * taps * tile.size + 5 * (constants.RAGGED * taps) + 40;
      return {
        tile,
        runs: s.oh * numbers.runs,
        sums,
        instructions: parts * ((s.cin / s.groups) * s.kh * row + 40) + 200 + 20 * tile.size + (constants.WHOLE ? 5 : 9) * sums,
        constants,
        numbers,
      };
    }),
  );
  return within(
    [
      [32, 256],
      [16, 0],
    ],
    s,
    ways,
  );
}

/** Runs of up to 8 pixels of a row. */
export function depthwiseWays(s: Sizes): readonly Way[] {
  const ways = rowWays(s, 8, 17).map(({ pixels, parts, taps, seen, constants, numbers }): Way => {
    const row = taps * pixels + 3 * seen + 2 * taps + 5 * (constants.RAGGED * taps) + 20;
    return {
      tile: { size: 1, tiles: 1, full: 1 },
      runs: s.oh * numbers.runs,
      sums: pixels,
      instructions: parts * (s.kh * row + 30) + 150 + (constants.WHOLE ? 5 : 9) * pixels,
      constants,
      numbers,
    };
  });
  return within(
    [
      [8, 1024],
      [4, 0],
    ],
    s,
    ways,
  );
}
