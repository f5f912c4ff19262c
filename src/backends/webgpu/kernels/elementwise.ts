/**
 * Ops that compute each element from those at the same place: activations, batch norm with fixed statistics, add and mul. Each has two shaders, for items of
 * one element and of four (shaders/lib/item.wgsl).
 */
import { sizeOf } from "../../../graph/graph.ts";
import { channelView } from "../../../ops/activation.ts";
import { shaders } from "../generated/shaders.ts";
import { elementGrid } from "../grid.ts";
import type { Dispatch, GpuLowering } from "../lowering.ts";
import type { Shader } from "../shader.ts";

/** The shader for items of one element and that for items of four. */
export type Pair = readonly [one: Shader, four: Shader];

/** `pixels` elements as items of four, where they are whole items. */
export function itemsOf(pixels: number, [one, four]: Pair): { readonly shader: Shader; readonly items: number } {
  return pixels % 4 === 0 ? { shader: four, items: pixels / 4 } : { shader: one, items: pixels };
}

/** All elements of a value as items of four. The last one may reach into the padding that follows every value. */
export const flat = (elements: number): number => Math.ceil(elements / 4);

export const activation: GpuLowering = ({ io, step }) => {
  const ACTIVATION = step.slots.fn as number;
  const pair: Pair = [shaders.activation, shaders.activation_vec4];
  const { n, c, hw } = channelView(io.shape("x"));
  if (io.has("slope")) {
    const { shader, items } = itemsOf(hw, pair);
    const { constants, grid } = elementGrid([items, c, n]);
    return [{ shader, constants: { ...constants, ACTIVATION }, grid, numbers: { hw: items } }];
  }
  // where all channels are alike, they are as good as one
  const items = flat(n * c * hw);
  const { constants, grid } = elementGrid([items, 1, 1]);
  return [{ shader: pair[1], constants: { ...constants, ACTIVATION }, grid, numbers: { n: 1, c: 1, hw: items } }];
};

export const batchNorm: GpuLowering = ({ io }) => {
  const { n, c, hw } = channelView(io.shape("x"));
  const { shader, items } = itemsOf(hw, [shaders.batch_norm, shaders.batch_norm_vec4]);
  return [{ shader, ...elementGrid([items, c, n]), numbers: { hw: items }, alias: { variance: "var" } }];
};

export const binary =
  (multiply: boolean): GpuLowering =>
  ({ io, step }) => {
    const { n, size, stride } = step.slots as { n: number; size: number; stride: number };
    const dispatch = (shader: Shader, examples: number, items: number): Dispatch => {
      const { constants, grid } = elementGrid([items, 1, examples]);
      return { shader, constants: { ...constants, MULTIPLY: multiply ? 1 : 0 }, grid, numbers: { n: examples, size: items, stride: 0 } };
    };
    // where b has every example, all of them are as good as one
    if (stride !== 0) return [dispatch(shaders.binary_vec4, 1, flat(sizeOf(io.shape("y"))))];
    const { shader, items } = itemsOf(size, [shaders.binary, shaders.binary_vec4]);
    return [dispatch(shader, n, items)];
  };
