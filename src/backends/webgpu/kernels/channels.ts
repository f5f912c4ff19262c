/** Every op that moves whole channels: one shader, and the step's table. */
import { shaders } from "../generated/shaders.ts";
import { elementGrid } from "../grid.ts";
import type { GpuLowering } from "../lowering.ts";

export const routeChannels: GpuLowering = ({ step }) => {
  const { n, hw, count } = step.slots as { n: number; hw: number; count: number };
  return [{ shader: shaders.route_channels, ...elementGrid([hw, count, n]) }];
};
