/** Pools: the largest pixel of each window, its mean, and the mean of a whole image. */
import { asChannels, at, type ReferenceIo } from "./kernel.ts";
import { eachTap, type WindowGeometry } from "./window.ts";

export interface PoolAttrs extends WindowGeometry {
  /** [KH, KW] */
  readonly kernel: readonly number[];
}

export interface AvgPoolAttrs extends PoolAttrs {
  readonly divisor: "window" | "pixels";
}

/** Calls `visit(x, y)` with the element indices of every pixel x that is in the window of output pixel y, row by row. */
export function eachPooled(
  xShape: readonly number[],
  yShape: readonly number[],
  attrs: PoolAttrs,
  visit: (x: number, y: number) => void,
): void {
  const [examples = 1, channels = 1, height = 1, width = 1] = xShape;
  const [, , outputHeight = 1, outputWidth = 1] = yShape;
  for (let plane = 0; plane < examples * channels; plane++) {
    eachTap([height, width], [outputHeight, outputWidth], attrs.kernel, attrs, (i, j, _p, _q, y, x) => {
      visit((plane * height + y) * width + x, (plane * outputHeight + i) * outputWidth + j);
    });
  }
}

export function maxPool(io: ReferenceIo<PoolAttrs>): void {
  const x = io.input("x");
  const y = io.output("y").fill(Number.NEGATIVE_INFINITY);
  eachPooled(io.shape("x"), io.shape("y"), io.attrs, (xi, yi) => {
    y[yi] = Math.max(at(y, yi), at(x, xi));
  });
}

/** What each output pixel of an average pool divides by: the window's size, or the number of its pixels that are not padding. */
export function poolDivisors(xShape: readonly number[], yShape: readonly number[], attrs: AvgPoolAttrs): Float64Array {
  const divisors = new Float64Array(yShape.reduce((product, dim) => product * dim, 1));
  const [kernelHeight = 1, kernelWidth = 1] = attrs.kernel;
  if (attrs.divisor === "window") return divisors.fill(kernelHeight * kernelWidth);
  eachPooled(xShape, yShape, attrs, (_x, yi) => {
    divisors[yi] = at(divisors, yi) + 1;
  });
  return divisors;
}

export function avgPool(io: ReferenceIo<AvgPoolAttrs>): void {
  const x = io.input("x");
  const y = io.output("y");
  const divisors = poolDivisors(io.shape("x"), io.shape("y"), io.attrs);
  eachPooled(io.shape("x"), io.shape("y"), io.attrs, (xi, yi) => {
    y[yi] = at(y, yi) + at(x, xi) / at(divisors, yi);
  });
}

export function globalAvgPool(io: ReferenceIo<unknown>): void {
  const x = io.input("x");
  const y = io.output("y");
  const [examples, channels, pixels] = asChannels(io.shape("x"));
  for (let plane = 0; plane < examples * channels; plane++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) sum += at(x, plane * pixels + p);
    y[plane] = sum / pixels;
  }
}
