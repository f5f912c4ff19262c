/** Pools. `padding` is [top, left, bottom, right] in both worlds. */
import type { OnnxIo } from "./rule.ts";

interface PoolAttrs {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
}

const windowOf = ({ kernel, stride, padding }: PoolAttrs) => ({ kernel_shape: kernel, strides: stride, pads: padding });

export function maxPool(io: OnnxIo<PoolAttrs>): void {
  io.op("MaxPool", [io.input("x")], windowOf(io.attrs));
}

export function avgPool(io: OnnxIo<PoolAttrs & { readonly divisor: "window" | "pixels" }>): void {
  io.op("AveragePool", [io.input("x")], { ...windowOf(io.attrs), count_include_pad: io.attrs.divisor === "window" ? 1 : 0 });
}

export function globalAvgPool(io: OnnxIo<unknown>): void {
  io.op("GlobalAveragePool", [io.input("x")]);
}
