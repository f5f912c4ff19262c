/** Grids of workgroups. */

/** Every dimension may have 65,535 workgroups; WebGPU promises no more. */
export const MAX_WORKGROUPS = 65_535;

/** `count` workgroups of one dimension, folded into y where they are too many; `linear_workgroup` of shaders/lib/grid.wgsl unfolds them. */
export function linearGrid(count: number): readonly [number, number, number] {
  const y = Math.max(1, Math.ceil(count / MAX_WORKGROUPS));
  return [Math.ceil(count / y), y, 1];
}

/** [x, y, z] */
export type Extent = readonly [number, number, number];

/** Threads of a workgroup where nothing speaks for more: one or two subgroups, on which every GPU can place many of them. */
const THREADS = 64;
/** Workgroups that keep a large GPU busy; beyond them it is better to give each thread more to do. */
const ENOUGH_WORKGROUPS = 4096;

const powerOfTwo = (atLeast: number): number => 2 ** Math.ceil(Math.log2(atLeast));

/**
 * Threads of a workgroup along x, y, z and the grid of workgroups for a box of items, each thread one: as many threads along x as there are items, then along
 * y, then along z, so that small boxes fill their workgroups. Along z the grid may be too short for all: threads go on with later items.
 */
export function boxGrid(box: Extent): { readonly threads: Extent; readonly grid: Extent } {
  const [width, height, depth] = box.map(powerOfTwo) as [number, number, number];
  let x = Math.min(THREADS, width);
  // the grid's y has to reach over all rows
  while (x > 1 && box[1] > MAX_WORKGROUPS * (THREADS / x)) x /= 2;
  const y = Math.min(THREADS / x, height);
  const z = Math.min(THREADS / (x * y), depth);
  const [across, down, deep] = [Math.ceil(box[0] / x), Math.ceil(box[1] / y), Math.ceil(box[2] / z)];
  const layers = Math.min(deep, MAX_WORKGROUPS, Math.max(1, Math.ceil(ENOUGH_WORKGROUPS / (across * down))));
  // as many rounds as that takes, and no more workgroups than fill them
  return { threads: [x, y, z], grid: [across, down, Math.ceil(deep / Math.ceil(deep / layers))] };
}

/** Constants and grid of shaders that include lib/each_element.wgsl, for a box of [pixels, channels, examples]. */
export function elementGrid([pixels, channels, examples]: Extent): { readonly constants: Record<string, number>; readonly grid: Extent } {
  const each = pixels < 4 ? 1 : 4;
  const { threads, grid } = boxGrid([Math.ceil(pixels / each), channels, examples]);
  const [WIDTH, CHANNELS, EXAMPLES] = threads;
  return { constants: { WIDTH, CHANNELS, EXAMPLES, PIXELS: each }, grid: [Math.min(grid[0], MAX_WORKGROUPS), grid[1], grid[2]] };
}
