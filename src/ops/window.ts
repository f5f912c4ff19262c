/** Geometry shared by everything that slides a window over an image: convolutions and pools. */
import type { Dim } from "../graph/graph.ts";
import type { InferIo } from "../graph/op.ts";
import { ints } from "./attrs.ts";
import { fixed } from "./define.ts";

/** Attributes of a sliding window; `padding` is [top, left, bottom, right] as in ONNX. */
export const windowAttrs = {
  stride: ints(2, 1, [1, 1]),
  padding: ints(4, 0, [0, 0, 0, 0]),
} as const;

export interface WindowAttrs {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly dilation?: readonly number[];
}

/** Output height and width of a window of `kernel` = [kh, kw] over an image of `size` = [h, w]. */
export function windowOutput(size: readonly number[], kernel: readonly number[], attrs: WindowAttrs): [number, number] {
  const along = (axis: 0 | 1): number => {
    const reach = (attrs.dilation?.[axis] ?? 1) * ((kernel[axis] as number) - 1) + 1;
    const padded = (size[axis] as number) + (attrs.padding[axis] as number) + (attrs.padding[axis + 2] as number);
    return Math.floor((padded - reach) / (attrs.stride[axis] as number)) + 1;
  };
  return [along(0), along(1)];
}

/** The same with checks: the image's size must be fixed and the window must fit into it. */
export function inferWindow(
  io: InferIo<unknown>,
  slot: string,
  h: Dim | undefined,
  w: Dim | undefined,
  kernel: readonly number[],
  attrs: WindowAttrs,
) {
  const size = [fixed(io, slot, h), fixed(io, slot, w)];
  const [oh, ow] = windowOutput(size, kernel, attrs);
  if (oh < 1 || ow < 1) {
    throw io.fail(
      "E_SHAPE",
      `a ${kernel.join("×")} window does not fit into ${slot} of ${size.join("×")} pixels with padding ${attrs.padding.join(",")}; pad more, or use a smaller window`,
    );
  }
  return [oh, ow] as const;
}

/** Slots that every windowed kernel takes, and their values. */
export const windowSlots = {
  ih: "i32",
  iw: "i32",
  oh: "i32",
  ow: "i32",
  kh: "i32",
  kw: "i32",
  sh: "i32",
  sw: "i32",
  pt: "i32",
  pl: "i32",
} as const;

export function fillWindow(input: readonly number[], output: readonly number[], kernel: readonly number[], attrs: WindowAttrs) {
  return {
    ih: input[2] as number,
    iw: input[3] as number,
    oh: output[2] as number,
    ow: output[3] as number,
    kh: kernel[0] as number,
    kw: kernel[1] as number,
    sh: attrs.stride[0] as number,
    sw: attrs.stride[1] as number,
    pt: attrs.padding[0] as number,
    pl: attrs.padding[1] as number,
  };
}
