/**
 * y[n,o,i,j] = slope[o] · act(bias[o] + residual[n,o,i,j] + Σ x[n, c, y, x] · w[o, c', p, q]); columns of w and filters have their channels of x and
 * y in `gather` and `scatter`, channels of y theirs of residual in `shortcut`, where these lists are given.
 */
import type { Activation } from "../ops/activation.ts";
import type { ConvAttrs, ConvRoutes } from "../ops/conv2d.ts";
import { epilogue } from "./activation.ts";
import { at, type ReferenceIo } from "./kernel.ts";
import { eachTap } from "./window.ts";

/**
 * Calls `visit(x, w, y)` with the element indices of every product of a convolution: its output sums x·w over them at y, and its gradients
 * sum dy·w at x and dy·x at w.
 */
export function eachProduct(
  xShape: readonly number[],
  wShape: readonly number[],
  yShape: readonly number[],
  attrs: ConvAttrs & Partial<ConvRoutes>,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [examples = 1, channels = 1, height = 1, width = 1] = xShape;
  const [filters = 1, channelsPerGroup = 1, kernelHeight = 1, kernelWidth = 1] = wShape;
  const [, yChannels = 1, outputHeight = 1, outputWidth = 1] = yShape;
  const filtersPerGroup = filters / attrs.groups;
  for (let n = 0; n < examples; n++) {
    for (let o = 0; o < filters; o++) {
      const written = attrs.scatter?.[o] ?? o;
      const group = Math.floor(o / filtersPerGroup);
      for (let c = 0; c < channelsPerGroup; c++) {
        const column = group * channelsPerGroup + c;
        const read = attrs.gather?.[column] ?? column;
        eachTap([height, width], [outputHeight, outputWidth], [kernelHeight, kernelWidth], attrs, (i, j, p, q, y, x) => {
          visit(
            ((n * channels + read) * height + y) * width + x,
            ((o * channelsPerGroup + c) * kernelHeight + p) * kernelWidth + q,
            ((n * yChannels + written) * outputHeight + i) * outputWidth + j,
          );
        });
      }
    }
  }
}

export function conv2d(io: ReferenceIo<ConvAttrs & ConvRoutes & { readonly activation: Activation | "none" }>): void {
  const x = io.input("x");
  const w = io.input("w");
  const y = io.output("y");
  eachProduct(io.shape("x"), io.shape("w"), io.shape("y"), io.attrs, (xi, wi, yi) => {
    y[yi] = at(y, yi) + at(x, xi) * at(w, wi);
  });
  epilogue(io, io.attrs);
}
