/** Sizes of windows as people write them → as nodes hold them. */
import { InputError } from "../src/errors.ts";

/** One number for both, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];
export type Padding = "same" | Pair | readonly [top: number, left: number, bottom: number, right: number];

export const pair = (value: Pair): readonly [number, number] => (typeof value === "number" ? [value, value] : value);

interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** [top, left, bottom, right]. "same" gives ⌈size / stride⌉ outputs, with the odd pixel below and to the right. */
export function resolvePadding(padding: Padding, size: readonly number[], window: Window): number[] {
  if (padding === "same") {
    const total = [0, 1].map((axis) => {
      const [pixels = 1, stride = 1] = [size[axis], window.stride[axis]];
      const reach = (window.dilation[axis] as number) * ((window.kernel[axis] as number) - 1) + 1;
      return Math.max(0, (Math.ceil(pixels / stride) - 1) * stride + reach - pixels);
    }) as [number, number];
    const before = total.map((sum) => Math.floor(sum / 2)) as [number, number];
    return [...before, total[0] - before[0], total[1] - before[1]];
  }
  if (typeof padding === "number") return [padding, padding, padding, padding];
  if (padding.length === 2) return [padding[0], padding[1], padding[0], padding[1]];
  if (padding.length === 4) return [...padding];
  throw new InputError(
    "E_OPTION",
    `padding ${JSON.stringify(padding)}: give "same", one number, [vertical, horizontal] or [top, left, bottom, right]`,
  );
}
