/** Gradient of conv2d by its weights: which of the shaders `conv2d_dw*` computes it, and how the pixels of the batch are divided among threads. */
import { linearGrid } from "../../../src/backends/webgpu/grid.ts";
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import type { Tiles } from "../../../src/backends/webgpu/tiles.ts";
import { sizeOf } from "../../../src/graph/graph.ts";
import type { BoundIo } from "../../../src/graph/op.ts";
import type { ConvAttrs } from "../../../src/ops/conv2d.ts";
import { shaders } from "../generated/shaders.ts";
import { fastest, tilesFrom, type Work } from "./tiles.ts";

/** Threads of a workgroup, and how many of them may share a job; see shaders/training/lib/add_threads.wgsl. */
const THREADS = 64;
const LANES = [64, 16] as const;
/** Rows of a strip, if the image has as many: the fewer, the more of the time goes into adding up the threads' sums. */
const FEWEST_ROWS = 7;
/** Workgroups that may share a job. */
const MOST_PARTS = 64;
/** Registers that a thread may fill with sums. */
const MOST_SUMS = 112;

export const conv2dDw: GpuLowering = ({ io }) => {
  const { attrs } = io as BoundIo<ConvAttrs>;
  const [kh, kw] = io.shape("dw").slice(2) as [number, number];
  const dense = attrs.dilation.every((step) => step === 1);
  const strided = (step: number): boolean => attrs.stride.every((value) => value === step);
  if (kh === 1 && kw === 1 && attrs.padding.every((size) => size === 0)) return pointwise(io);
  if (kh === 3 && kw === 3 && dense && strided(1)) return window3x3(io, 1);
  if (kh === 3 && kw === 3 && dense && strided(2)) return window3x3(io, 2);
  return anyWindow(io);
};

type Sizes = ReturnType<typeof sizesOf>;

function sizesOf(io: BoundIo<ConvAttrs>) {
  const [n = 0, cin = 0, ih = 0, iw = 0] = io.shape("x");
  const [cout = 0, channels = 0, kh = 0, kw = 0] = io.shape("dw");
  const [, , oh = 0, ow = 0] = io.shape("dy");
  return {
    n,
    cin,
    cout,
    ih,
    iw,
    oh,
    ow,
    kh,
    kw,
    channels,
    groups: io.attrs.groups,
    filters: cout / io.attrs.groups,
    size: sizeOf(io.shape("dw")),
  };
}

/** A way to walk over the images; see shaders/training/lib/strips.wgsl. */
interface Walk {
  readonly columns: Tiles;
  readonly rows: number;
  readonly strips: number;
  readonly lanes: number;
  readonly parts: number;
  /** The most that a thread has. */
  readonly stripsEach: number;
}

function walksOf({ n, oh, ow }: Sizes, mostColumns: number): Walk[] {
  const divisors = Array.from({ length: oh }, (_, i) => oh - i).filter((rows) => oh % rows === 0 && rows >= Math.min(oh, FEWEST_ROWS));
  return tilesFrom(ow, 4, mostColumns).flatMap((columns) =>
    divisors.flatMap((rows) => {
      const strips = n * columns.tiles * (oh / rows);
      return LANES.flatMap((lanes) =>
        partsOf(strips, lanes).map(
          (parts): Walk => ({ columns, rows, strips, lanes, parts, stripsEach: Math.ceil(strips / (lanes * parts)) }),
        ),
      );
    }),
  );
}

/** Numbers of parts that strips, `lanes` at a time, can be shared out to; none that would leave parts idle. */
function partsOf(strips: number, lanes: number): number[] {
  const most = Math.ceil(strips / lanes);
  const each = Array.from({ length: Math.min(most, MOST_PARTS) }, (_, i) => Math.ceil(most / (i + 1)));
  return [...new Set(each)].map((turns) => Math.ceil(most / turns));
}

interface Main {
  readonly shader: Shader;
  readonly jobs: number;
  readonly lanes: number;
  readonly parts: number;
  readonly constants: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, number>>;
}

const workgroupsOf = (jobs: number, lanes: number, parts: number): number => Math.ceil((jobs * parts * lanes) / THREADS);

const work = (jobs: number, { lanes, parts }: { readonly lanes: number; readonly parts: number }, instructions: number): Work => ({
  threads: workgroupsOf(jobs, lanes, parts) * THREADS,
  instructions,
  more: parts > 1 ? 1 : 0,
});

/** The dispatch that computes the parts, and if there are several the one that adds them. */
function dispatches({ size }: Sizes, { shader, jobs, lanes, parts, ...main }: Main): Dispatch[] {
  const first = {
    shader,
    constants: { ...main.constants, LANES: lanes },
    numbers: { ...main.numbers, parts },
    grid: linearGrid(workgroupsOf(jobs, lanes, parts)),
  };
  if (parts === 1) return [{ ...first, alias: { parts: "dw" } }];
  const scratch = { parts: parts * size };
  const second = {
    shader: shaders.conv2d_dw_add,
    constants: { WORKGROUP: THREADS },
    numbers: { size, parts },
    grid: linearGrid(Math.ceil(size / THREADS)),
    scratch,
  };
  return [{ ...first, scratch }, second];
}

/** The 9 taps of a tile of filters and a channel are a job. */
function window3x3(io: BoundIo<ConvAttrs>, stride: 1 | 2): Dispatch[] {
  const sizes = sizesOf(io);
  const { cin, ih, oh, ow, channels, filters } = sizes;
  const [pt = 0, pl = 0, pb = 0, pr = 0] = io.attrs.padding;
  const ways = tilesFrom(filters, 6, 8).flatMap((filter) => walksOf(sizes, stride === 1 ? 7 : 4).map((walk) => ({ filter, walk })));
  const { filter, walk } = fastest(ways, ({ filter, walk }) => {
    const { columns, rows, stripsEach } = walk;
    const span = stride * (columns.size - 1) + 3;
    const row = 9 * columns.size * filter.size + filter.size * (Math.ceil(columns.size / 4) + 3) + 2.3 * stride * span + 25;
    return work(cin * filter.tiles, walk, stripsEach * (120 + 4 * span + rows * row) + 180 + 32 * filter.size);
  });
  const thin = Math.max(pt, pl, pb, pr) <= 1;
  const below = 2 * (oh - 1) - pt + 2 >= ih;
  return dispatches(sizes, {
    shader: stride === 1 ? shaders.conv2d_dw_3x3 : shaders.conv2d_dw_3x3_s2,
    jobs: cin * filter.tiles,
    ...walk,
    constants: {
      TILE_O: filter.size,
      COLUMNS: walk.columns.size,
      WHOLE: flag(ow % walk.columns.size === 0),
      ...(stride === 2 && { THIN: flag(thin), BELOW: flag(below) }),
    },
    numbers: { ...numbersOf(sizes, walk), channels, filters, tiles: filter.tiles, full: filter.full },
  });
}

const flag = (value: boolean): number => (value ? 1 : 0);

function numbersOf({ oh }: Sizes, { columns, rows, strips }: Walk) {
  return { strips_w: columns.tiles, strips_h: oh / rows, wide: columns.full, rows, strips };
}

/** Some taps of a row of the window, of a tile of filters and a channel, are a job. */
function anyWindow(io: BoundIo<ConvAttrs>): Dispatch[] {
  const sizes = sizesOf(io);
  const { cin, ow, kh, kw, channels, filters } = sizes;
  const [, SW = 1] = io.attrs.stride;
  const [, DILATION_W = 1] = io.attrs.dilation;
  const [taps] = tilesFrom(kw, 8, 8) as [Tiles];
  const jobsOf = (filter: Tiles): number => cin * kh * taps.tiles * filter.tiles;
  const ways = tilesFrom(filters, 4, 8).flatMap((filter) => walksOf(sizes, 4).map((walk) => ({ filter, walk })));
  const { filter, walk } = fastest(ways, ({ filter, walk }) => {
    const { columns, rows, stripsEach } = walk;
    const row = columns.size * taps.size * filter.size + 4.5 * filter.size + 2 * columns.size * taps.size + 30;
    return work(jobsOf(filter), walk, stripsEach * (95 + rows * row) + 200 + 30 * filter.size);
  });
  return dispatches(sizes, {
    shader: shaders.conv2d_dw,
    jobs: jobsOf(filter),
    ...walk,
    constants: {
      TILE_O: filter.size,
      TILE_B: taps.size,
      COLUMNS: walk.columns.size,
      SW,
      DILATION_W,
      WHOLE: flag(ow % walk.columns.size === 0),
    },
    numbers: {
      ...numbersOf(sizes, walk),
      channels,
      filters,
      tiles_o: filter.tiles,
      full_o: filter.full,
      tiles_b: taps.tiles,
      full_b: taps.full,
    },
  });
}

/** A tile of filters × channels is a job; threads take runs of pixels. */
function pointwise(io: BoundIo<ConvAttrs>): Dispatch[] {
  const sizes = sizesOf(io);
  const { n, cin, oh, ow, channels, groups, filters } = sizes;
  const pixels = oh * ow;
  const [run] = tilesFrom(pixels, 4, 4) as [Tiles];
  const runs = n * run.tiles;
  const tiles = tilesFrom(filters, 7, 16).flatMap((filter) => tilesFrom(channels, 6, 8).map((channel) => ({ filter, channel })));
  const ways = tiles
    .filter(({ filter, channel }) => filter.size * channel.size <= MOST_SUMS)
    .flatMap((tile) => [...LANES, 1].flatMap((lanes) => partsOf(runs, lanes).map((parts) => ({ ...tile, lanes, parts }))));
  const jobsOf = ({ filter, channel }: (typeof tiles)[number]): number => groups * filter.tiles * channel.tiles;
  const way = fastest(ways, (way) => {
    const { filter, channel, lanes, parts } = way;
    const sums = filter.size * channel.size;
    const runsEach = Math.ceil(runs / (lanes * parts));
    const ending = lanes === 1 ? 130 + 3 * sums : 430 + 26 * filter.size;
    const turn = 4 * sums + 4 * (filter.size + channel.size) + 35;
    // threads of jobs of their own read nothing side by side
    return work(jobsOf(way), way, runsEach * (lanes === 1 ? 1.25 : 1) * turn + ending);
  });
  const { filter, channel } = way;
  const main = dispatches(sizes, {
    shader: shaders.conv2d_dw_1x1,
    jobs: jobsOf(way),
    ...way,
    constants: { TILE_O: filter.size, TILE_C: channel.size, RUN: run.size, WHOLE: flag(pixels % run.size === 0) },
    numbers: {
      pixels,
      runs: run.tiles,
      wide: run.full,
      groups,
      filters,
      channels,
      tiles_o: filter.tiles,
      full_o: filter.full,
      tiles_c: channel.tiles,
      full_c: channel.full,
    },
  });
  const [first, ...rest] = main as [Dispatch, ...Dispatch[]];
  if (io.attrs.stride.every((step) => step === 1)) return [{ ...first, alias: { ...first.alias, picked: "x" } }, ...rest];
  const picked = n * cin * pixels;
  const pick = {
    shader: shaders.conv2d_dw_pick,
    constants: { WORKGROUP: THREADS },
    grid: linearGrid(Math.ceil(picked / THREADS)),
    scratch: { picked },
  };
  return [pick, { ...first, scratch: { ...first.scratch, picked } }, ...rest];
}
