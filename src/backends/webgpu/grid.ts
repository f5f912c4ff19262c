/** Grids of workgroups. */

/** Every dimension may have 65,535 workgroups; WebGPU promises no more. */
export const MAX_WORKGROUPS = 65_535;

/** `count` workgroups of one dimension, folded into y where they are too many; `linear_workgroup` of shaders/lib/grid.wgsl unfolds them. */
export function linearGrid(count: number): readonly [number, number, number] {
  const y = Math.max(1, Math.ceil(count / MAX_WORKGROUPS));
  return [Math.ceil(count / y), y, 1];
}
