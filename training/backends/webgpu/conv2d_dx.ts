/** Gradient of conv2d by its input: which of the shaders `conv2d_dx*` computes it, and how the image is divided among threads. */
import { linearGrid } from "../../../src/backends/webgpu/grid.ts";
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Tiles } from "../../../src/backends/webgpu/tiles.ts";
import type { BoundIo } from "../../../src/graph/op.ts";
import type { ConvAttrs } from "../../../src/ops/conv2d.ts";
import { shaders } from "../generated/shaders.ts";
import { fastest, tilesFrom } from "./tiles.ts";

const WORKGROUP = 64;

export const conv2dDx: GpuLowering = ({ io }) => {
  const { attrs } = io as BoundIo<ConvAttrs>;
  const [kh, kw] = io.shape("w").slice(2) as [number, number];
  const dense = attrs.dilation.every((step) => step === 1);
  const strided = (step: number): boolean => attrs.stride.every((value) => value === step);
  if (kh === 1 && kw === 1 && attrs.padding.every((size) => size === 0)) return [pointwise(io)];
  if (kh === 3 && kw === 3 && dense && strided(1)) return [blocks3x3(io, 1)];
  if (kh === 3 && kw === 3 && dense && strided(2)) return [blocks3x3(io, 2)];
  return [anyWindow(io)];
};

/** Sizes that every variant asks for. */
function sizesOf(io: BoundIo<ConvAttrs>) {
  const [n = 0, , ih = 0, iw = 0] = io.shape("dx");
  const [cout = 0, channels = 0, kh = 0, kw = 0] = io.shape("w");
  const [, , oh = 0, ow = 0] = io.shape("dy");
  return { n, ih, iw, oh, ow, kh, kw, channels, groups: io.attrs.groups, filters: cout / io.attrs.groups };
}

/** A thread computes a run of pixels of a tile of channels; a workgroup's threads have the same tile, of all groups and `classes`. */
function dispatch(
  shader: Dispatch["shader"],
  { n, filters, channels, groups }: ReturnType<typeof sizesOf>,
  runs: number,
  { size, tiles, full }: Tiles,
  { constants = {}, numbers = {}, classes = 1 }: { constants?: Record<string, number>; numbers?: Record<string, number>; classes?: number },
): Dispatch {
  const jobs = classes * groups * tiles;
  return {
    shader,
    constants: { WORKGROUP, TILE_C: size, ...constants },
    grid: linearGrid(jobs * Math.ceil((n * runs) / WORKGROUP)),
    numbers: { jobs, filters, channels, tiles, full, ...numbers },
  };
}

/** Blocks of 2 × 4 pixels. */
function blocks3x3(io: BoundIo<ConvAttrs>, stride: 1 | 2): Dispatch {
  const sizes = sizesOf(io);
  const { n, ih, iw, channels, groups, filters } = sizes;
  const [pt = 0, pl = 0] = io.attrs.padding;
  // with stride 2 they start where row + padding is odd, which may be in row −1
  const before = (padding: number): number => (stride === 2 && padding % 2 === 0 ? 1 : 0);
  const blocksH = Math.ceil((ih + before(pt)) / 2);
  const blocksW = Math.ceil((iw + before(pl)) / 4);
  const blocks = blocksH * blocksW;
  const tile = fastest(tilesFrom(channels, 4, 8), ({ size, tiles }) => ({
    threads: n * blocks * groups * tiles,
    // of the loop over filters, and around it
    instructions: filters * (stride === 1 ? 110 + 72 * size : 40 + 20 * size) + 200 + 24 * size,
  }));
  const WHOLE = before(pt) + before(pl) === 0 && ih % 2 === 0 && iw % 4 === 0 ? 1 : 0;
  const shader = stride === 1 ? shaders.conv2d_dx_3x3 : shaders.conv2d_dx_3x3_s2;
  return dispatch(shader, sizes, blocks, tile, { constants: { WHOLE }, numbers: { blocks_w: blocksW, blocks } });
}

/** Runs of 4 or 8 pixels of dy, which fill stride times as many of dx. */
function pointwise(io: BoundIo<ConvAttrs>): Dispatch {
  const sizes = sizesOf(io);
  const { n, oh, ow, channels, groups, filters } = sizes;
  const ways = [2, 1].flatMap((quads) =>
    tilesFrom(channels, 8, 16).map((tile) => ({ quads, tile, runs: Math.ceil((oh * ow) / (4 * quads)) })),
  );
  const { quads, tile, runs } = fastest(ways, ({ quads, tile: { size, tiles }, runs }) => ({
    threads: n * runs * groups * tiles,
    instructions: filters * (16 + 4 * size * quads) + 150 + 12 * size * quads,
  }));
  const WHOLE = (oh * ow) % (4 * quads) === 0 ? 1 : 0;
  const STRIDED = io.attrs.stride.some((step) => step !== 1) ? 1 : 0;
  return dispatch(shaders.conv2d_dx_1x1, sizes, runs, tile, { constants: { QUADS: quads, WHOLE, STRIDED }, numbers: { runs } });
}

/** Runs of 4 or 8 pixels of a class of pixels; there are as many classes as pixels in a stride. */
function anyWindow(io: BoundIo<ConvAttrs>): Dispatch {
  const sizes = sizesOf(io);
  const { n, ih, iw, kh, kw, channels, groups, filters } = sizes;
  const [sh = 1, sw = 1] = io.attrs.stride;
  const classes = sh * sw;
  const ways = [2, 1].flatMap((quads) =>
    tilesFrom(channels, 4, 8).map((tile) => ({ quads, tile, runsW: Math.ceil(iw / sw / (4 * quads)) })),
  );
  const runsOf = (runsW: number): number => Math.ceil(ih / sh) * runsW;
  const { quads, tile, runsW } = fastest(ways, ({ quads, tile: { size, tiles }, runsW }) => ({
    threads: n * runsOf(runsW) * groups * tiles * classes,
    instructions: ((kh * kw) / classes) * (90 + filters * (16 + 6 * size + 4 * size * quads)) + 250 + 24 * size * quads,
  }));
  return dispatch(shaders.conv2d_dx, sizes, runsOf(runsW), tile, {
    constants: { QUADS: quads },
    numbers: { runs_w: runsW, runs: runsOf(runsW) },
    classes,
  });
}
