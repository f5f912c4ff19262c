/** Gradients of the pools. */
import { boxGrid, elementGrid } from "../../../src/backends/webgpu/grid.ts";
import { itemsOf } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch, GpuCall, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { shaders } from "../generated/shaders.ts";

type Slots = Record<"planes" | "ih" | "iw" | "kh" | "kw" | "sh" | "sw" | "pt" | "pl", number>;

/** A cell a thread: shaders/training/lib/cells.wgsl. */
function byCells(shader: Shader, { step }: GpuCall, constants: Readonly<Record<string, number>> = {}): Dispatch[] {
  const { planes, ih, iw, kh, kw, sh, sw, pt, pl } = step.slots as Slots;
  const { threads, grid } = boxGrid([Math.ceil((iw + pl) / sw), Math.ceil((ih + pt) / sh), planes]);
  const [WIDTH, HEIGHT, PLANES] = threads;
  return [{ shader, constants: { WIDTH, HEIGHT, PLANES, KH: kh, KW: kw, SH: sh, SW: sw, ...constants }, grid }];
}

export const maxPoolDx: GpuLowering = (call) => byCells(shaders.max_pool_dx, call);

export const avgPoolDx: GpuLowering = (call) =>
  byCells(shaders.avg_pool_dx, call, { EXCLUDE_PADDING: call.step.slots.exclude_padding as number });

export const globalAvgPoolDx: GpuLowering = ({ step }) => {
  const { planes = 1, hw = 1 } = step.slots;
  const { shader, items } = itemsOf(hw, [shaders.global_avg_pool_dx, shaders.global_avg_pool_dx_vec4]);
  return [{ shader, ...elementGrid([items, 1, planes]), numbers: { hw: items, share: 1 / hw } }];
};
