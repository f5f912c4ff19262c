/** Ops that move whole channels: dy moves back the same way. */
import { sumWhereBroadcast } from "./elementwise.ts";
import { type GradientIo, type GradientRule, pickAttrs } from "./rule.ts";

const channels = (io: GradientIo, slot: string): number => io.shape(slot)[1] as number;

export const concatGradient: GradientRule = (io, dy) => {
  const gradients: Record<string, string> = {};
  let start = 0;
  for (const slot of io.list("x")) {
    const count = channels(io, slot);
    if (io.needs(slot)) gradients[slot] = io.add("slice_channels", `d${slot}`, { x: dy }, { start, count });
    start += count;
  }
  return gradients;
};

export const padChannelsGradient: GradientRule = (io, dy) => ({
  x: io.add("slice_channels", "dx", { x: dy }, { start: io.attrs.before as number, count: channels(io, "x") }),
});

export const sliceChannelsGradient: GradientRule = (io, dy) => {
  const before = io.attrs.start as number;
  const after = channels(io, "x") - before - (io.attrs.count as number);
  return { x: io.add("pad_channels", "dx", { x: dy }, { before, after }) };
};

export const gatherChannelsGradient: GradientRule = (io, dy) => ({
  x: io.add("scatter_add_channels", "dx", { x: dy }, { ...pickAttrs(io, "index"), channels: channels(io, "x") }),
});

export const scatterAddChannelsGradient: GradientRule = (io, dy) => {
  const gradients: Record<string, string> = {};
  if (io.needs("x")) gradients.x = io.add("gather_channels", "dx", { x: dy }, pickAttrs(io, "index"));
  if (io.needs("base")) gradients.base = sumWhereBroadcast(io, "base", "x", dy);
  return gradients;
};
