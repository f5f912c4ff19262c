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

/** Constants and grid of a shader, and an estimate of what they cost, which only serves to compare. */
export interface Choice {
  readonly constants: Readonly<Record<string, number>>;
  readonly grid: Extent;
  readonly cost: number;
}

const LANES = 64;
const MOST_EACH = 8;
const QUAD = 4;
const DEPTH = 16;
/** Rows of 16 depths that fit in 16 KB of workgroup memory, each with its padding: what WebGPU promises. */
const MOST_TILE_ROWS = Math.floor(16_384 / (4 * (DEPTH + QUAD)));
/** Workgroups of 64 threads that a small GPU computes at once. Fewer leave it idle, so that then smaller tiles are faster. */
const AT_ONCE = 32;
/** Sums of a thread from which reads and indices are a small part of its work. It may have fewer where there are not two workgroups of that many. */
const ENOUGH_SUMS = 28;
/** Threads side by side along a row, so that what they store is side by side too. Fewer where a tile has whole rows, which follow one another. */
const ENOUGH_ACROSS = 8;
/** Instructions' worth of waiting for memory. */
const WAIT = 250;
/** Workgroups of a processor that wait at the same time. */
const TOGETHER = 4;

/** How much work counts beside time. */
const WORK = 2;

/**
 * What workgroups cost whose threads have so many instructions and wait so often: the time until all are done, and their work, which others could use
 * the GPU for.
 */
export function costOf(instructions: number, waits: number, [x, y]: Extent): number {
  const rounds = (x * y) / AT_ONCE;
  return instructions * (Math.max(1, rounds) + WORK * rounds) + WAIT * waits * Math.max(1, rounds / TOGETHER);
}

/**
 * The tiles that are estimated to be done first. Instructions are counted as compilers emit them for RDNA and GCN: multiply-adds, reads of a quad of each
 * row and column, copies of the tiles, and what comes before and after.
 */
export function tileProduct(product: Product, maxWorkgroups: number): Choice {
  const { rows, columns, depth } = product;
  const leastSums = Math.min(ENOUGH_SUMS, Math.floor((by16(rows) * by16(columns)) / (2 * LANES)));
  let best: Choice | undefined;
  for (let across = 1; across <= LANES; across *= 2) {
    const down = LANES / across;
    for (let r = 1; r <= MOST_EACH; r++) {
      for (let c = 1; c <= MOST_EACH; c++) {
        const [left, right] = [down * r, across * c];
        const grid = [Math.ceil(columns / right), Math.ceil(rows / left), 1] as const;
        if (across < ENOUGH_ACROSS && right < columns) continue;
        if (r * c < leastSums || byFours(left) + byFours(right) > MOST_TILE_ROWS || Math.max(...grid) > maxWorkgroups) continue;
        const copies = copying(left, product.leftDeep) + copying(right, product.rightDeep);
        const eachQuad = QUAD * r * c + r + c + 20;
        const tiles = Math.ceil(depth / DEPTH);
        const cost = costOf(150 + 5 * r * c + 10 * r + tiles * copies + Math.ceil(depth / QUAD) * eachQuad, tiles, grid);
        if (best && best.cost <= cost) continue;
        best = { constants: { THREADS_DOWN: down, THREADS_ACROSS: across, THREAD_ROWS: r, THREAD_COLUMNS: c }, grid, cost };
      }
    }
  }
  return best as Choice;
}

const upTo = (multiple: number) => (count: number) => multiple * Math.ceil(count / multiple);
/** Tiles are padded to whole quads. */
const byFours = upTo(QUAD);
/** So that 13 channels are cut like 16. */
const by16 = upTo(16);

/** Instructions that copy a tile of so many rows. */
const copying = (rows: number, deep: boolean): number => 10 + (deep ? 5 * Math.ceil(rows / (LANES / QUAD)) : 25 * Math.ceil(rows / LANES));
