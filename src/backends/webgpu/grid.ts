/** Grids of workgroups. */

/** Every dimension may have 65,535 workgroups; WebGPU promises no more. */
export const MAX_WORKGROUPS = 65_535;

/** `count` workgroups of one dimension, folded into y where they are too many; `linear_workgroup` of shaders/lib/grid.wgsl unfolds them. */
export function linearGrid(count: number): readonly [number, number, number] {
  const y = Math.max(1, Math.ceil(count / MAX_WORKGROUPS));
  return [Math.ceil(count / y), y, 1];
}

/** Along x, y and z. */
export type Extent = readonly [number, number, number];

/** Threads of a workgroup where nothing speaks for more: one or two subgroups, on which every GPU can place many of them. */
const THREADS = 64;
/** Workgroups that keep a large GPU busy with loads; beyond them it is better to give each thread more to do. */
const ENOUGH_WORKGROUPS = 1024;

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast));

/** Threads that a workgroup may have along each axis, and in all: what WebGPU promises everywhere. */
const MOST_THREADS: Extent = [256, 256, 64];
const MOST_THREADS_IN_ALL = 256;

/** More threads along axes where the grid could not reach over all items otherwise, and fewer along others where that makes too many. */
function reaching(box: Extent, first: Extent): Extent {
  const threads: [number, number, number] = [...first];
  for (const axis of [0, 1, 2] as const) {
    while (Math.ceil(box[axis] / threads[axis]) > MAX_WORKGROUPS && threads[axis] < MOST_THREADS[axis]) {
      threads[axis] *= 2;
      const others = ([0, 1, 2] as const).filter((other) => other !== axis).sort((a, b) => threads[b] - threads[a]);
      if (threads[0] * threads[1] * threads[2] > MOST_THREADS_IN_ALL) threads[others[0] as 0 | 1 | 2] /= 2;
    }
  }
  return threads;
}

/**
 * Threads of a workgroup and the grid of workgroups for a box of items, one thread each: as many threads along x as there are items, then along y, then
 * along z, so that small boxes fill their workgroups.
 */
export function boxGrid(box: Extent): { readonly threads: Extent; readonly grid: Extent } {
  const [width, height, depth] = box;
  const x = Math.min(THREADS, powerOfTwo(width));
  const y = Math.min(THREADS / x, powerOfTwo(height));
  const z = Math.min(THREADS / (x * y), powerOfTwo(depth));
  const threads = reaching(box, [x, y, z]);
  return { threads, grid: [Math.ceil(width / threads[0]), Math.ceil(height / threads[1]), Math.ceil(depth / threads[2])] };
}

/** Constants and grid of shaders that include lib/each_element.wgsl, for a box of [items, channels, examples]. */
export function elementGrid(box: Extent): { readonly constants: Record<string, number>; readonly grid: Extent } {
  const { threads, grid } = boxGrid(box);
  const [WIDTH, CHANNELS, EXAMPLES] = threads;
  const [across, down, deep] = grid;
  const most = Math.min(MAX_WORKGROUPS, Math.max(1, Math.floor(ENOUGH_WORKGROUPS / (down * deep))));
  // as many rounds as that takes, and no more workgroups than fill them
  const rounds = Math.ceil(across / most);
  return { constants: { WIDTH, CHANNELS, EXAMPLES }, grid: [Math.ceil(across / rounds), down, deep] };
}
