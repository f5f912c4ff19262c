/** Sums over channels and over the batch, and the gradient of activations with that of their slopes. */
import { elementGrid } from "../../../src/backends/webgpu/grid.ts";
import { flat, itemsOf, type Pair } from "../../../src/backends/webgpu/kernels/elementwise.ts";
import type { Dispatch, GpuLowering } from "../../../src/backends/webgpu/lowering.ts";
import { sizeOf } from "../../../src/graph/graph.ts";
import { channelView } from "../../../src/ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { splitChannels } from "./split.ts";

const sum: Pair = [shaders.channel_sum, shaders.channel_sum_vec4];

/** A dispatch whose binding `output` gets sums of channels, and where those are of parts, a second one that adds them up. */
function sums(pair: Pair, shape: readonly number[], output: string, constants?: Readonly<Record<string, number>>): readonly Dispatch[] {
  const view = channelView(shape);
  const { parts, dispatch } = splitChannels(view);
  const first = dispatch(pair, constants);
  if (parts === 1) return [first];
  const rows = "sums_of_parts";
  const scratch = { [rows]: parts * view.c };
  const second = splitChannels({ n: parts, c: view.c, hw: 1 });
  return [
    { ...first, scratch, alias: { [output]: rows } },
    { ...second.dispatch(sum), scratch, alias: { x: rows, y: output } },
  ];
}

export const channelSum: GpuLowering = ({ io }) => sums(sum, io.shape("x"), "y");

export const batchSum: GpuLowering = ({ step }) => {
  const { size = 0 } = step.slots;
  const { shader, items } = itemsOf(size, [shaders.batch_sum, shaders.batch_sum_vec4]);
  return [{ shader, ...elementGrid([items, 1, 1]), numbers: { size: items } }];
};

export const activationGrad: GpuLowering = ({ io, step }) => {
  const ACTIVATION = step.slots.fn as number;
  if (io.has("dslope")) {
    return sums([shaders.activation_grad_slope, shaders.activation_grad_slope_vec4], io.shape("x"), "dslope", { ACTIVATION });
  }
  const pair: Pair = [shaders.activation_grad, shaders.activation_grad_vec4];
  const { n, c, hw } = channelView(io.shape("x"));
  if (io.has("slope")) {
    const { shader, items } = itemsOf(hw, pair);
    const { constants, grid } = elementGrid([items, c, n]);
    return [{ shader, constants: { ...constants, ACTIVATION }, grid, numbers: { hw: items } }];
  }
  // where all channels are alike, they are as good as one
  const items = flat(sizeOf(io.shape("x")));
  const { constants, grid } = elementGrid([items, 1, 1]);
  return [{ shader: pair[1], constants: { ...constants, ACTIVATION }, grid, numbers: { n: 1, c: 1, hw: items } }];
};
