/** Every op that moves whole channels: one shader, and the step's table. */
import { shaders } from "../generated/shaders.ts";
import { elementGrid } from "../grid.ts";
import type { GpuLowering } from "../lowering.ts";
import { itemsOf } from "./elementwise.ts";

export const routeChannels: GpuLowering = ({ step }) => {
  const { n, hw, count } = step.slots as { n: number; hw: number; count: number };
  const { shader, items } = itemsOf(hw, [shaders.route_channels, shaders.route_channels_vec4]);
  return [{ shader, ...elementGrid([items, count, n]), numbers: { hw: items } }];
};
