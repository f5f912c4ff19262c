/** softmax, and how threads share the rows of it and of the losses. */
import { shaders } from "../generated/shaders.ts";
import { linearGrid } from "../grid.ts";
import type { GpuLowering } from "../lowering.ts";

/** Threads of a workgroup of the shaders that include lib/team.wgsl. */
const LANES = 64;
const MOST_TEAM = 32;
/** Elements of a row that are worth a thread. */
const EACH = 8;

/** Threads that share a row of so many elements: a power of two. */
export const teamOf = (elements: number): number => Math.min(MOST_TEAM, 2 ** Math.floor(Math.log2(Math.max(1, elements / EACH))));

/** Constants and grid of a shader that gives each row of [n, c] to a team. */
export function rowTeams(n: number, c: number) {
  const TEAM = teamOf(c);
  return { constants: { TEAM }, grid: linearGrid(Math.ceil(n / (LANES / TEAM))) };
}

export const softmax: GpuLowering = ({ io }) => {
  const [n = 1, c = 1] = io.shape("x");
  return [{ shader: shaders.softmax, ...rowTeams(n, c) }];
};
