/**
 * How the pixels and filters of a convolution can be divided among threads, and how long that takes. A thread that computes more sums loads less for each of
 * them; but there must be threads enough to fill a GPU, and tiles that filters and pixels divide into.
 */
import type { convSlots } from "../../../ops/conv2d.ts";
import { type Tiles, tilesOf } from "../tiles.ts";

/** The slots of a convolution that decide. */
export type Sizes = Readonly<Record<keyof typeof convSlots | "yc", number>>;

/** Threads of a workgroup, as in shaders/lib/filters.wgsl. */
export const WORKGROUP = 64;

/** Instructions of one pass of a shader's innermost loop, as compilers make them for AMD's GPUs. */
interface Pass {
  readonly fma: number;
  /** Other vector instructions: addresses, pixels outside of the image. */
  readonly vector: number;
  /** Loads: up to four neighbours in memory come with one. */
  readonly loads: number;
  /** Scalar ones, of which weights that are the same for all threads take most. */
  readonly scalar: number;
}

export interface Way {
  readonly tile: Tiles;
  /** Runs of pixels in an example: threads for each tile of filters. */
  readonly runs: number;
  /** Threads of a workgroup that have the same tile. */
  readonly lanes: number;
  readonly sums: number;
  readonly pass: Pass;
  readonly passes: number;
  /** Numbers that a pass loads. */
  readonly pixels: number;
  readonly weights: number;
  /** Instructions before the loop and after it. */
  readonly around: number;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
}

/** Instructions' worth of waiting for memory in each pass, and for each number that it loads. */
const WAIT = 300;
const NUMBER = 2;

/** Work that is not worth dividing: a workgroup is done with so many multiply-adds before another dispatch could have begun. */
const SMALL = 2 ** 18;
/** Workgroups that a GPU computes at once. With fewer, it is idle in part, and what counts is how long each takes. */
const AT_ONCE = 64;

/** Workgroups of a way: along pixels, and along so many tiles. */
export const workgroupsOf = ({ runs, lanes }: Way, examples: number, tiles: number): [along: number, across: number] => [
  Math.ceil((examples * runs) / lanes),
  Math.ceil(tiles / Math.floor(WORKGROUP / lanes)),
];

const instructionsOf = ({ pass, passes, around }: Way): number => passes * (pass.fma + pass.vector + pass.loads + pass.scalar) + around;

function fastest(ways: readonly Way[], { n, cin, cout, groups, oh, ow, kh, kw }: Sizes): Way {
  const atOnce = Math.min(AT_ONCE, (n * cout * oh * ow * (cin / groups) * kh * kw) / SMALL);
  const time = (way: Way): number => {
    const [along, across] = workgroupsOf(way, n, groups * way.tile.tiles);
    return Math.max(atOnce, along * across) * (instructionsOf(way) + way.passes * (WAIT + NUMBER * (way.pixels + way.weights)));
  };
  return ways.reduce((best, way) => (time(way) < time(best) ? way : best));
}

/** Those of which something holds, if it holds of any. */
function preferred(ways: readonly Way[], holds: (way: Way) => boolean): readonly Way[] {
  const good = ways.filter(holds);
  return good.length > 0 ? good : ways;
}

/** A thread's sums fit into its registers, with what they are made from. */
function fits({ sums, lanes, pixels, weights }: Way): boolean {
  return sums <= 72 && sums + pixels + (lanes < WORKGROUP ? weights : 0) <= 128;
}

/** Multiply-adds among the vector instructions of the loop, and among all instructions. */
const densityOf = ({ pass: { fma, vector } }: Way): number => fma / (fma + vector);
const shareOf = (way: Way): number => (way.passes * way.pass.fma) / instructionsOf(way);
/** From this share on, other things count more. */
const GOOD_SHARE = 0.57;

/** The fastest of the ways in which a GPU multiplies most of the time: in the loop, for each load, and all in all, as far as the layer allows. */
function best(ways: readonly Way[], sizes: Sizes): Way {
  const fitting = preferred(ways, fits);
  const busy = preferred(fitting, (way) => densityOf(way) >= 0.855 && way.pass.fma >= 8 * way.pass.loads);
  const share = Math.min(GOOD_SHARE, 0.97 * Math.max(...busy.map(shareOf)));
  return fastest(
    busy.filter((way) => shareOf(way) >= share),
    sizes,
  );
}

/** The ways to divide a workgroup: all threads for one tile, or where there are few runs of pixels, as many as there are for each. */
const lanesFor = (runs: number): number[] => (runs <= WORKGROUP / 2 ? [WORKGROUP, runs] : [WORKGROUP]);

/** Tiles that leave at most a tenth of their places empty, if there are any; else those that leave fewest. */
function fullTiles(count: number, most: number): Tiles[] {
  const tiles = tilesOf(count, most);
  const places = ({ size, tiles: number }: Tiles): number => size * number;
  const allowed = Math.max(1.1 * count, Math.min(...tiles.map(places)));
  return tiles.filter((tile) => places(tile) <= allowed);
}

/** Lengths of runs that reach little beyond a row: by a pixel, or by 8 %. */
function fullRuns(width: number, most: number): number[] {
  return upTo(1, Math.min(most, width)).filter((run) => Math.ceil(width / run) * run <= Math.max(width + 1, 1.08 * width));
}

const upTo = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const whole = (length: number, part: number): number => (length % part === 0 ? 1 : 0);

/** Strips of up to 8 pixels of a column, 4 to 8 filters. */
export function way3x3(s: Sizes): Way {
  const ways = fullRuns(s.oh, 8).flatMap((rows) =>
    fullTiles(s.cout, 8).flatMap((tile) => {
      const seen = (rows - 1) * s.sh + 3;
      // with many rows, compilers move numbers to and fro between registers
      const vector = 4 * seen + 7 * Math.max(0, seen - 10);
      const strips = Math.ceil(s.oh / rows);
      const sums = rows * tile.size;
      return lanesFor(s.n * strips * s.ow).map(
        (lanes): Way => ({
          tile,
          runs: strips * s.ow,
          lanes,
          sums,
          pass: { fma: 9 * sums, ...loading(lanes, tile.size, 9, { vector, loads: seen }) },
          passes: s.cin,
          pixels: 3 * seen,
          weights: 9 * tile.size,
          around: 130 + 12 * seen + 8 * sums,
          constants: { ROWS: rows, STRIDE: s.sh },
          params: { strips },
        }),
      );
    }),
  );
  return best(ways, s);
}

/** What a pass does but multiply, where each filter has `neighbours` weights that lie side by side. */
function loading(lanes: number, filters: number, neighbours: number, { vector, loads }: Pick<Pass, "vector" | "loads">): Omit<Pass, "fma"> {
  const each = Math.ceil(neighbours / 4);
  if (lanes < WORKGROUP) return { vector: vector + filters + 5, loads: loads + each * filters, scalar: 25 };
  // scalar loads bring up to 16 numbers
  return { vector, loads, scalar: 25 + (neighbours > 4 ? 8 : 4) * filters };
}

/** Runs of up to 8 pixels, 4 to 11 filters. Without stride, a plane is one row. */
export function way1x1(s: Sizes): Way {
  const strided = s.sh !== 1 || s.sw !== 1;
  const [rows, width] = strided ? [s.oh, s.ow] : [1, s.oh * s.ow];
  const ways = fullRuns(width, 8).flatMap((pixels) =>
    fullTiles(s.cout, 11).flatMap((tile) => {
      const runs = Math.ceil(width / pixels);
      const sums = pixels * tile.size;
      const WHOLE = whole(width, pixels);
      const rest = s.cin % 4;
      return lanesFor(s.n * rows * runs).map(
        (lanes): Way => ({
          tile,
          runs: rows * runs,
          lanes,
          sums,
          // of four channels
          pass: {
            fma: 4 * sums,
            ...loading(lanes, tile.size, 4, { vector: 4, loads: 4 * (s.sw === 1 ? Math.ceil(pixels / 4) : pixels) }),
          },
          passes: Math.floor(s.cin / 4),
          pixels: 4 * pixels,
          weights: 4 * tile.size,
          around: 90 + 6 * tile.size + (WHOLE ? 4 : 15) * sums + rest * (sums + pixels + 4 * tile.size),
          constants: { STRIDED: strided ? 1 : 0, STEP: s.sw, REST: rest, PIXELS: pixels, WHOLE },
          params: { width, runs },
        }),
      );
    }),
  );
  return best(ways, s);
}

/** Runs of up to `mostPixels` pixels of a row, and the parts in which the rows of a window are gone through. */
function rowsOf(s: Sizes, mostPixels: number, mostSeen: number) {
  const mostTaps = 7;
  return fullRuns(s.ow, mostPixels).flatMap((pixels) => {
    const together = upTo(1, s.kw).map((parts) => {
      const taps = Math.ceil(s.kw / parts);
      const seen = (pixels - 1) * s.sw + (taps - 1) * s.dilation_w + 1;
      return { taps, parts: Math.ceil(s.kw / taps), seen, loads: Math.ceil(seen / 4), apart: 0 };
    });
    const apart = { taps: 1, parts: s.kw, seen: pixels, loads: pixels, apart: 1 };
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
      runs: Math.ceil(s.ow / pixels),
    }));
  });
}

/** Runs of up to 4 pixels of a row, 4 to 8 filters. */
export function wayGeneral(s: Sizes): Way {
  const ways = rowsOf(s, 4, 13).flatMap(({ pixels, parts, taps, seen, loads, constants, runs }) =>
    fullTiles(s.cout / s.groups, 8).flatMap((tile) => {
      const sums = pixels * tile.size;
      return lanesFor(s.n * s.oh * runs).map(
        (lanes): Way => ({
          tile,
          runs: s.oh * runs,
          lanes,
          sums,
          // of a row of the window in one channel, or a part of it
          pass: { fma: taps * sums, ...loading(lanes, tile.size, taps, { vector: seen + 6, loads }) },
          passes: parts * (s.cin / s.groups) * s.kh,
          pixels: seen,
          weights: taps * tile.size,
          around: 200 + 10 * tile.size + (constants.WHOLE ? 5 : 15) * sums,
          constants,
          params: { runs },
        }),
      );
    }),
  );
  return best(ways, s);
}

/** Runs of up to 8 pixels of a row. Every channel is a tile; threads are counted through them. */
export function wayDepthwise(s: Sizes): Way {
  const ways = rowsOf(s, 8, 17).map(
    ({ pixels, parts, taps, seen, loads, constants, runs }): Way => ({
      tile: { size: 1, tiles: 1, full: 1 },
      runs: s.cout * s.oh * runs,
      lanes: WORKGROUP,
      sums: pixels,
      pass: { fma: taps * pixels, vector: seen + 8, loads: loads + Math.ceil(taps / 4), scalar: 15 },
      passes: parts * s.kh,
      pixels: seen,
      weights: taps,
      around: 150 + (constants.WHOLE ? 5 : 16) * pixels,
      constants,
      params: { runs },
    }),
  );
  // so that all tiles are one
  return fastest(ways, { ...s, cin: 1, groups: 1 });
}
