/** How ops that sum over all but the channel are split into workgroups; shaders/training/lib/channels.wgsl says how those go about it. */
import { MAX_WORKGROUPS } from "../../../src/backends/webgpu/grid.ts";
import { itemsOf, type Pair } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch } from "../../../src/backends/webgpu/lowering.ts";

export interface ChannelSplit {
  /** Parts of each channel. Where there is more than one, their sums need a second dispatch. */
  readonly parts: number;
  /** A dispatch of the shader for items of one number or of that for items of four. */
  dispatch(pair: Pair, constants?: Readonly<Record<string, number>>): Dispatch;
}

/** Threads of a workgroup, and the most that share a channel: what the shaders have workgroup memory for. */
const THREADS = 64;
/** Planes up to this size are read with neighbouring channels side by side, CHANNELS of them. */
const SMALL_PLANE = 4;
const CHANNELS = 16;
/** Numbers of a thread up to which a second dispatch is not worth its while. */
const PER_THREAD = 128;
/** Workgroups that keep a large GPU busy. */
const ENOUGH_WORKGROUPS = 1024;
/** In the second dispatch every thread merges all parts of its channel; these are half as many as the numbers of its own. */
const MOST_PARTS = PER_THREAD / 2;

/** For a value of n examples, c channels and hw pixels in each. */
export function splitChannels({ n, c, hw }: { readonly n: number; readonly c: number; readonly hw: number }): ChannelSplit {
  const [channels, threads] = hw <= SMALL_PLANE ? [CHANNELS, THREADS / CHANNELS] : [1, THREADS];
  const tiles = Math.ceil(c / channels);
  const wanted = Math.min(MOST_PARTS, Math.ceil(ENOUGH_WORKGROUPS / tiles), Math.ceil((n * hw) / (PER_THREAD * threads)));
  const item = hw % 4 === 0 ? 4 : 1;
  // whole rounds of four items
  const round = 4 * threads;
  const perPart = round * Math.ceil((n * hw) / item / wanted / round);
  const parts = Math.ceil((n * hw) / item / perPart);
  return {
    parts,
    dispatch(pair, constants) {
      const { shader, items } = itemsOf(hw, pair);
      return {
        shader,
        constants: { CHANNELS: channels, THREADS: threads, ITEM: item, ...constants },
        grid: [parts, Math.min(tiles, MAX_WORKGROUPS), Math.ceil(tiles / MAX_WORKGROUPS)],
        numbers: { n, c, hw: items, per_part: perPart, parts },
      };
    },
  };
}
