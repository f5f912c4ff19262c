/** How shaders that include lib/product.wgsl are cut into tiles: a pure function of the shape. */
import type { Extent } from "../grid.ts";

/** sum[r, c] = Σ_k left[r, k] · right[c, k], and whether a factor's depths lie side by side in memory (LEFT_DEEP and RIGHT_DEEP of the shader). */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly leftDeep: boolean;
  readonly rightDeep: boolean;
}

export interface Tiling {
  readonly constants: Readonly<Record<string, number>>;
  readonly grid: Extent;
  /** Instructions until the last workgroup is done, by the estimate below. */
  readonly time: number;
}

const LANES = 64;
const MOST_EACH = 8;
const QUAD = 4;
const DEPTH = 16;
/** Rows of 16 depths that fit in 16 KB of workgroup memory, each with its padding: what WebGPU promises. */
const MOST_TILE_ROWS = Math.floor(16_384 / (4 * (DEPTH + QUAD)));
/** Workgroups of 64 threads that a small GPU computes at once. Fewer leave it idle, so that then smaller tiles are faster. */
export const AT_ONCE = 32;
/** Sums per thread below which reads and indices outweigh multiply-adds. Products that have work for some workgroups of them never go below. */
const ENOUGH_SUMS = 32;
const SOME_WORKGROUPS = 2;
/** Instructions' worth of waiting for memory and for the other threads, once for each 16 depths. */
const WAIT = 100;

/**
 * The tiling that is estimated to be done first. Instructions are counted as compilers emit them for RDNA and GCN: multiply-adds, reads of a quad of each row
 * and column, copies of the tiles, and what comes before and after.
 */
export function tileProduct(product: Product, maxWorkgroups: number): Tiling {
  const { rows, columns, depth } = product;
  const large = Math.min(rows, columns, depth) >= 12 && rows * columns >= SOME_WORKGROUPS * LANES * ENOUGH_SUMS;
  let best: Tiling | undefined;
  for (let down = 1; down <= LANES; down *= 2) {
    const across = LANES / down;
    for (let r = 1; r <= Math.min(MOST_EACH, Math.ceil(rows / down)); r++) {
      for (let c = 1; c <= Math.min(MOST_EACH, Math.ceil(columns / across)); c++) {
        const left = down * r;
        const right = across * c;
        const grid = [Math.ceil(columns / right), Math.ceil(rows / left), 1] as const;
        if (wholeBlocks(left) + wholeBlocks(right) > MOST_TILE_ROWS || Math.max(...grid) > maxWorkgroups) continue;
        if (large && r * c < ENOUGH_SUMS) continue;
        const copies = copying(left, product.leftDeep) + copying(right, product.rightDeep);
        const eachQuad = 4 * r * c + r + c + 20;
        const around = 100 + 8 * r * c;
        const each = around + Math.ceil(depth / DEPTH) * (WAIT + copies) + Math.ceil(depth / QUAD) * eachQuad;
        const time = each * Math.max(1, (grid[0] * grid[1]) / AT_ONCE);
        if (!best || time < best.time) {
          best = { constants: { THREADS_DOWN: down, THREADS_ACROSS: across, THREAD_ROWS: r, THREAD_COLUMNS: c }, grid, time };
        }
      }
    }
  }
  return best as Tiling;
}

const wholeBlocks = (rows: number): number => QUAD * Math.ceil(rows / QUAD);

/** Instructions that copy a tile of so many rows. */
const copying = (rows: number, deep: boolean): number => 10 + (deep ? 5 * Math.ceil(rows / (LANES / QUAD)) : 25 * Math.ceil(rows / LANES));
