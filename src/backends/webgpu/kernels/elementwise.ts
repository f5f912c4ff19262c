/** Ops that compute each element from those at the same place: activations, batch norm with fixed statistics, add and mul. */
import { sizeOf } from "../../../graph/graph.ts";
import type { BoundIo } from "../../../graph/op.ts";
import { channelView } from "../../../ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { elementGrid, type Extent } from "../grid.ts";
import type { GpuLowering } from "../lowering.ts";

/** [pixels, channels, examples] */
function boxOf(io: BoundIo<unknown>): Extent {
  const { n, c, hw } = channelView(io.shape("x"));
  return [hw, c, n];
}

export const activation: GpuLowering = ({ io, step }) => {
  // where all channels are alike, they are as good as one
  const box: Extent = io.has("slope") ? boxOf(io) : [sizeOf(io.shape("x")), 1, 1];
  const { constants, grid } = elementGrid(box);
  const [hw, c, n] = box;
  return [{ shader: shaders.activation, constants: { ...constants, ACTIVATION: step.slots.fn as number }, grid, numbers: { n, c, hw } }];
};

export const batchNorm: GpuLowering = ({ io }) => [{ shader: shaders.batch_norm, ...elementGrid(boxOf(io)), alias: { variance: "var" } }];

export const binary =
  (multiply: boolean): GpuLowering =>
  ({ step }) => {
    const { n, size, stride } = step.slots as { n: number; size: number; stride: number };
    // where b has every example, all of them are as good as one
    const [examples, elements] = stride === 0 ? [n, size] : [1, n * size];
    const { constants, grid } = elementGrid([elements, 1, examples]);
    return [{ shader: shaders.binary, constants: { ...constants, MULTIPLY: multiply ? 1 : 0 }, grid, numbers: { n: examples, size: elements } }];
  };
