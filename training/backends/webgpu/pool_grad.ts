/** Gradients of the pools. */
import { boxGrid, elementGrid } from "../../../src/backends/webgpu/grid.ts";
import { itemsOf } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch, GpuCall, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import type { Shader } from "../../../src/backends/webgpu/shader.ts";
import { shaders } from "../generated/shaders.ts";

type Slots = Record<"planes" | "ih" | "iw" | "kh" | "kw" | "sh" | "sw" | "pt" | "pl", number>;

/** shaders/training/lib/cells.wgsl; each thread takes the same place in some planes. */
function windowed(shader: Shader, [across, down]: readonly [number, number], { step }: GpuCall): Dispatch {
  const { planes, kh, kw, sh, sw } = step.slots as Slots;
  const { threads, grid } = boxGrid([across, down, planes]);
  const [WIDTH, HEIGHT, PLANES] = threads;
  return { shader, constants: { WIDTH, HEIGHT, PLANES, KH: kh, KW: kw, SH: sh, SW: sw }, grid };
}

/** A cell a thread. */
export const maxPoolDx: GpuLowering = (call) => {
  const { ih, iw, sh, sw, pt, pl } = call.step.slots as Slots;
  return [windowed(shaders.max_pool_dx, [Math.ceil((iw + pl) / sw), Math.ceil((ih + pt) / sh)], call)];
};

/** A pixel a thread. */
export const avgPoolDx: GpuLowering = (call) => {
  const { ih, iw, exclude_padding } = call.step.slots as Slots & { exclude_padding: number };
  const { constants, ...dispatch } = windowed(shaders.avg_pool_dx, [iw, ih], call);
  return [{ ...dispatch, constants: { ...constants, EXCLUDE_PADDING: exclude_padding } }];
};

export const globalAvgPoolDx: GpuLowering = ({ step }) => {
  const { planes = 1, hw = 1 } = step.slots;
  const { shader, items } = itemsOf(hw, [shaders.global_avg_pool_dx, shaders.global_avg_pool_dx_vec4]);
  return [{ shader, ...elementGrid([items, 1, planes]), numbers: { hw: items, share: 1 / hw } }];
};
