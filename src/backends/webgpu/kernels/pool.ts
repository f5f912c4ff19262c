/** Pools over windows, and over whole images. */
import { shaders } from "../generated/shaders.ts";
import { boxGrid, linearGrid } from "../grid.ts";
import type { Dispatch, GpuCall, GpuLowering } from "../lowering.ts";
import type { Shader } from "../shader.ts";

/** Threads of a workgroup of the global average. */
const THREADS = 64;
/** Threads that keep a GPU busy. */
const ENOUGH_THREADS = 16_384;
/** Pixels that one thread adds as fast as several would that have to meet afterwards. */
const PIXELS_EACH = 256;

function windowed(shader: Shader, { step }: GpuCall): Dispatch {
  const { planes, oh, ow, kh, kw } = step.slots as { planes: number; oh: number; ow: number; kh: number; kw: number };
  const { threads, grid } = boxGrid([ow, oh, planes]);
  const [WIDTH, HEIGHT, PLANES] = threads;
  return { shader, constants: { WIDTH, HEIGHT, PLANES, KH: kh, KW: kw }, grid };
}

/** A plane has one thread, or more where it is large and there are few. */
function mean(planes: number, hw: number): Dispatch {
  let lanes = 1;
  while (lanes < THREADS && planes * lanes < ENOUGH_THREADS && hw > PIXELS_EACH * lanes) lanes *= 2;
  const together = THREADS / lanes;
  return {
    shader: shaders.global_avg_pool,
    constants: { LANES: lanes, PLANES: together },
    grid: linearGrid(Math.ceil(planes / together)),
    numbers: { planes, hw },
  };
}

export const maxPool: GpuLowering = (call) => [windowed(shaders.max_pool, call)];

export const avgPool: GpuLowering = (call) => {
  const { planes, ih, iw, oh, ow, kh, kw } = call.step.slots as Record<"planes" | "ih" | "iw" | "oh" | "ow" | "kh" | "kw", number>;
  // one window that is the whole image: the last layer of many networks
  const global = oh * ow === 1 && kh === ih && kw === iw && call.step.slots.pt === 0 && call.step.slots.pl === 0;
  return [global ? mean(planes, ih * iw) : windowed(shaders.avg_pool, call)];
};

export const globalAvgPool: GpuLowering = ({ step }) => [mean(step.slots.planes as number, step.slots.hw as number)];
