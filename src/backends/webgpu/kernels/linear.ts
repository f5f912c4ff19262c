/** linear: tiles of a matrix product, or for few examples or outputs, rows of w that teams of threads read together. */
import { activationCode } from "../../../ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import type { Dispatch, GpuLowering } from "../lowering.ts";
import { AT_ONCE, tileProduct } from "./product.ts";

/** A matrix-vector product: weights are read once whatever the shader does. */
const FEW_EXAMPLES = 3;
/** Products that are smaller than this one way may be faster as dot products of rows. */
const SMALL = 16;
const LANES = 64;

interface Shape {
  readonly n: number;
  readonly cin: number;
  readonly cout: number;
}

export const linear: GpuLowering = ({ io, gpu }) => {
  const [n = 1, cin = 1] = io.shape("x");
  const [cout = 1] = io.shape("w");
  const product = productOf({ n, cin, cout }, gpu.maxWorkgroups);
  return [{ ...product, constants: { ...product.constants, ACTIVATION: activationCode(io.attrs.activation) } }];
};

/** y [n, cout] = x [n, cin] · wᵀ [cout, cin], with linear's epilogue; its activation is left to the caller. */
export function productOf({ n, cin, cout }: Shape, maxWorkgroups: number): Dispatch {
  const tiled = tileProduct({ rows: n, columns: cout, depth: cin, leftDeep: true, rightDeep: true }, maxWorkgroups);
  const small = Math.min(n, cout) < SMALL;
  const teams = small ? vector({ n, cin, cout }, maxWorkgroups) : undefined;
  const numbers = { n, cin, cout };
  return teams && (n <= FEW_EXAMPLES || teams.time < tiled.time)
    ? { shader: shaders.linear_vector, constants: teams.constants, grid: teams.grid, alias: { x4: "x", w4: "w" }, numbers }
    : { shader: shaders.linear, constants: tiled.constants, grid: tiled.grid, numbers };
}

/** Teams, outputs and examples of linear_vector.wgsl, estimated like tiles of products: as few instructions in a row as possible. */
function vector({ n, cin, cout }: Shape, maxWorkgroups: number) {
  const byFours = cin % 4 === 0;
  let best: { constants: Record<string, number>; grid: readonly [number, number, number]; time: number } | undefined;
  for (const EXAMPLES of [1, 2, 4]) {
    if (EXAMPLES >= 2 * n) continue;
    for (const OUTPUTS of [1, 2, 4]) {
      for (let TEAM = Math.max(4, EXAMPLES * OUTPUTS); TEAM <= LANES; TEAM *= 2) {
        const grid = [Math.ceil(cout / (OUTPUTS * (LANES / TEAM))), Math.ceil(n / EXAMPLES), 1] as const;
        if (Math.max(...grid) > maxWorkgroups) continue;
        const reads = (byFours ? 1 : 4) * (OUTPUTS + EXAMPLES);
        // each round waits for memory
        const each = 100 + 20 * OUTPUTS * EXAMPLES + Math.ceil(cin / (4 * TEAM)) * (4 * OUTPUTS * EXAMPLES + 4 * reads + 60);
        const time = each * Math.max(1, (grid[0] * grid[1]) / AT_ONCE);
        if (!best || time < best.time) best = { constants: { TEAM, OUTPUTS, EXAMPLES, BY_FOURS: byFours ? 1 : 0 }, grid, time };
      }
    }
  }
  return best;
}
