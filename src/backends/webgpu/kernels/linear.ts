/** linear: tiles of a matrix product, or where there are few examples or outputs, rows of w that teams of threads read together. */
import { activationCode } from "../../../ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import type { Dispatch, GpuFacts, GpuLowering } from "../lowering.ts";
import { type Choice, costOf, tileProduct } from "./product.ts";

/** A matrix-vector product: weights are read once whatever the shader does. */
const FEW = 3;
/** Teams issue so many times the instructions of tiles for the same products; they may only win by keeping more of the GPU busy. */
const WASTE = 2;
const LANES = 64;
/** What most GPUs have; the shader is right, if not as fast, for all others. */
const SUBGROUP = 32;

interface Shape {
  readonly n: number;
  readonly cin: number;
  readonly cout: number;
}

export const linear: GpuLowering = ({ io, gpu }) => {
  const [n = 1, cin = 1] = io.shape("x");
  const [cout = 1] = io.shape("w");
  const product = productOf({ n, cin, cout }, gpu);
  return [{ ...product, constants: { ...product.constants, ACTIVATION: activationCode(io.attrs.activation) } }];
};

/** y [n, cout] = x [n, cin] · wᵀ [cout, cin], with linear's epilogue; its activation is left to the caller. */
export function productOf(shape: Shape, gpu: GpuFacts): Dispatch {
  const { n, cin, cout } = shape;
  const tiles = tileProduct({ rows: n, columns: cout, depth: cin, leftDeep: true, rightDeep: true }, gpu.maxWorkgroups);
  const teams = teamsOf(shape, gpu);
  const numbers = { n, cin, cout };
  if (!teams || (n > FEW && tiles.cost <= WASTE * teams.cost)) {
    return { shader: shaders.linear, constants: tiles.constants, grid: tiles.grid, numbers };
  }
  const shader = gpu.subgroups ? shaders.linear_vector_subgroups : shaders.linear_vector;
  return { shader, constants: teams.constants, grid: teams.grid, numbers, alias: { x4: "x", w4: "w" } };
}

/** The teams of lib/vector.wgsl: subgroups, or where there are none, TEAM threads of a workgroup. Undefined where a grid has no room for them. */
function teamsOf({ n, cin, cout }: Shape, gpu: GpuFacts): Choice | undefined {
  const byFours = cin % 4 === 0;
  let best: Choice | undefined;
  for (const EXAMPLES of [1, 2, 4]) {
    if (EXAMPLES >= 2 * n) continue;
    for (const OUTPUTS of [1, 2, 4]) {
      const sums = OUTPUTS * EXAMPLES;
      const sizes = gpu.subgroups ? [SUBGROUP] : [4, 8, 16, 32, 64].filter((size) => size >= sums);
      for (const TEAM of sizes) {
        const along = Math.ceil(cout / (OUTPUTS * (LANES / TEAM)));
        // subgroups go on with later outputs
        const grid = [gpu.subgroups ? Math.min(along, gpu.maxWorkgroups) : along, Math.ceil(n / EXAMPLES), 1] as const;
        if (Math.max(...grid) > gpu.maxWorkgroups) continue;
        const reads = (byFours ? 1 : 4) * (OUTPUTS + EXAMPLES);
        const adding = gpu.subgroups ? 15 * sums : 12 * sums + 4 * TEAM;
        const rounds = Math.ceil(cin / (4 * TEAM));
        const cost = costOf(100 + adding + rounds * (4 * sums + 4 * reads + 20), rounds, grid);
        if (best && best.cost <= cost) continue;
        best = { constants: { OUTPUTS, EXAMPLES, BY_FOURS: byFours ? 1 : 0, ...(!gpu.subgroups && { TEAM }) }, grid, cost };
      }
    }
  }
  return best;
}
