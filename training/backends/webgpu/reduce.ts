/** Sums over channels and over the batch, and the gradient of activations with that of their slopes. */
import { type Extent, elementGrid } from "../../../src/backends/webgpu/grid.ts";
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import { sizeOf } from "../../../src/graph/graph.ts";
import { channelView } from "../../../src/ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { type ChannelSplit, splitChannels, splitColumns } from "./split.ts";

/** The second dispatch of a sum: adds up the rows of scratch memory [parts, c]. */
function addParts(rows: string, { parts, numbers: { c } }: ChannelSplit, output: string): Dispatch {
  const { parts: _, ...split } = splitColumns(parts, c);
  return { shader: shaders.channel_sum, ...split, scratch: { [rows]: parts * c }, alias: { x: rows, y: output } };
}

/** A dispatch that leaves sums of channels in its binding `output`, and where they are of parts, one that adds them up. */
function inParts(first: Omit<Dispatch, "grid">, { parts, ...split }: ChannelSplit, output: string): readonly Dispatch[] {
  const constants = { ...split.constants, ...first.constants };
  if (parts === 1) return [{ ...first, ...split, constants }];
  const rows = "sums_of_parts";
  const scratch = { [rows]: parts * split.numbers.c };
  return [{ ...first, ...split, constants, scratch, alias: { [output]: rows } }, addParts(rows, { parts, ...split }, output)];
}

export const channelSum: GpuLowering = ({ io }) => inParts({ shader: shaders.channel_sum }, splitChannels(channelView(io.shape("x"))), "y");

export const batchSum: GpuLowering = ({ io }) => {
  const [n = 1, ...rest] = io.shape("x");
  return inParts({ shader: shaders.channel_sum }, splitColumns(n, sizeOf(rest)), "y");
};

export const activationGrad: GpuLowering = ({ io, step }) => {
  const constants = { ACTIVATION: step.slots.fn as number };
  if (io.has("dslope")) {
    return inParts({ shader: shaders.activation_grad_slope, constants }, splitChannels(channelView(io.shape("x"))), "dslope");
  }
  // where all channels are alike, they are as good as one
  const { n, c, hw } = io.has("slope") ? channelView(io.shape("x")) : { n: 1, c: 1, hw: sizeOf(io.shape("x")) };
  const box: Extent = [hw, c, n];
  const elements = elementGrid(box);
  return [{ shader: shaders.activation_grad, ...elements, constants: { ...elements.constants, ...constants }, numbers: { n, c, hw } }];
};
