/** How ops that sum over all but the channel are split into workgroups; shaders/training/lib/channels.wgsl says how those go about it. */
import { MAX_WORKGROUPS } from "../../../src/backends/webgpu/grid.ts";

/** [n, c, hw] */
export interface ChannelView {
  readonly n: number;
  readonly c: number;
  readonly hw: number;
}

export interface ChannelSplit {
  /** Parts of each channel. Where there is more than one, their sums need a second dispatch. */
  readonly parts: number;
  readonly constants: { readonly CHANNELS: number; readonly THREADS: number };
  readonly grid: readonly [number, number, number];
  readonly numbers: ChannelView & { readonly per_part: number; readonly parts: number };
}

/** Threads of a workgroup: 16 · 16, what the shaders merge in two rounds. */
const THREADS = 256;
/** Neighbouring channels of a workgroup where planes are small. */
const CHANNELS = 16;
/** Smaller planes are less than a cache line of 64 bytes. */
const SMALL_PLANE = 16;
/** Channels up to this size have one part: 32 numbers a thread take less time than a second dispatch. */
const ONE_PART = 8192;
/** Workgroups that keep a large GPU busy. */
const ENOUGH_WORKGROUPS = 512;
/** Numbers that a thread loads together. */
const FOUR = 4;

export function splitChannels({ n, c, hw }: ChannelView): ChannelSplit {
  const m = n * hw;
  const [channels, threads] = hw < SMALL_PLANE ? [CHANNELS, THREADS / CHANNELS] : [1, m <= THREADS ? THREADS / 4 : THREADS];
  return split({ n, c, hw }, partsOf(m, c), channels, threads);
}

/**
 * Where there are parts, every thread of the second dispatch merges all of its channel's. √(m / 512) of them are at most half as many as the numbers
 * of its own part, m / (256 · parts).
 */
function partsOf(m: number, c: number): number {
  if (m <= ONE_PART) return 1;
  return Math.max(1, Math.min(64, Math.ceil(ENOUGH_WORKGROUPS / c), Math.floor(Math.sqrt(m / 512))));
}

/** The columns of a [rows, columns] matrix, which are channels of one pixel, in one part. Many columns are threads enough; few share each among threads. */
export function splitColumns(rows: number, columns: number): ChannelSplit {
  const threads = rows <= FOUR ? 1 : columns >= 16_384 ? 4 : THREADS / CHANNELS;
  return split({ n: rows, c: columns, hw: 1 }, 1, Math.min(64, THREADS / threads), threads);
}

function split({ n, c, hw }: ChannelView, wanted: number, channels: number, threads: number): ChannelSplit {
  const perPart = FOUR * threads * Math.ceil((n * hw) / wanted / (FOUR * threads));
  const parts = Math.ceil((n * hw) / perPart);
  const tiles = Math.ceil(c / channels);
  return {
    parts,
    constants: { CHANNELS: channels, THREADS: threads },
    grid: [parts, Math.min(tiles, MAX_WORKGROUPS), Math.ceil(tiles / MAX_WORKGROUPS)],
    numbers: { n, c, hw, per_part: perPart, parts },
  };
}
