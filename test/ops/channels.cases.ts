/** Ops that move channels or rename dimensions, and softmax. */
import type { OpCase } from "./case.ts";

const concatCases: readonly OpCase[] = [
  { name: "one part", op: "concat", shapes: { x0: [3, 5, 3, 3] } },
  { name: "two parts", op: "concat", shapes: { x0: [3, 5, 7, 3], x1: [3, 3, 7, 3] } },
  { name: "three parts of different widths", op: "concat", shapes: { x0: [1, 1, 5, 5], x1: [1, 13, 5, 5], x2: [1, 3, 5, 5] } },
  { name: "vectors", op: "concat", shapes: { x0: [3, 5], x1: [3, 1], x2: [3, 17] } },
  { name: "16 and 32, 14x14", op: "concat", shapes: { x0: [3, 16, 14, 14], x1: [3, 32, 14, 14] } },
];

const padCases: readonly OpCase[] = [
  { name: "both sides", op: "pad_channels", attrs: { before: 2, after: 3 }, shapes: { x: [3, 5, 3, 3] } },
  { name: "before only", op: "pad_channels", attrs: { before: 1 }, shapes: { x: [1, 13, 5, 3] } },
  { name: "after only, vectors", op: "pad_channels", attrs: { after: 7 }, shapes: { x: [3, 5] } },
  { name: "nothing", op: "pad_channels", shapes: { x: [3, 3, 2, 2] } },
  { name: "ResNet's shortcut", op: "pad_channels", attrs: { before: 8, after: 8 }, shapes: { x: [3, 16, 16, 16] } },
];

const sliceCases: readonly OpCase[] = [
  { name: "the middle", op: "slice_channels", attrs: { start: 2, count: 3 }, shapes: { x: [3, 7, 3, 5] } },
  { name: "the first", op: "slice_channels", attrs: { start: 0, count: 1 }, shapes: { x: [1, 5, 5, 5] } },
  { name: "to the end, vectors", op: "slice_channels", attrs: { start: 4, count: 13 }, shapes: { x: [3, 17] } },
  { name: "all", op: "slice_channels", attrs: { start: 0, count: 3 }, shapes: { x: [3, 3, 2, 2] } },
  { name: "16 of 32, 14x14", op: "slice_channels", attrs: { start: 8, count: 16 }, shapes: { x: [3, 32, 14, 14] } },
];

const STREAM = [0, 3, 4, 9, 10, 11, 17, 20, 21, 28, 31];

const gatherCases: readonly OpCase[] = [
  { name: "in order", op: "gather_channels", attrs: { index: [1, 2, 5] }, shapes: { x: [3, 7, 3, 3] } },
  { name: "out of order", op: "gather_channels", attrs: { index: [6, 0, 4, 1] }, shapes: { x: [3, 7, 5, 3] } },
  { name: "one", op: "gather_channels", attrs: { index: [2] }, shapes: { x: [1, 3, 1, 1] } },
  { name: "vectors", op: "gather_channels", attrs: { index: [12, 3, 7] }, shapes: { x: [3, 13] } },
  { name: "11 of 32, 14x14", op: "gather_channels", attrs: { index: STREAM }, shapes: { x: [3, 32, 14, 14] } },
];

const scatterCases: readonly OpCase[] = [
  { name: "into zeros", op: "scatter_add_channels", attrs: { index: [1, 2, 5], channels: 7 }, shapes: { x: [3, 3, 3, 3] } },
  {
    name: "onto a base",
    op: "scatter_add_channels",
    attrs: { index: [6, 0, 4, 1], channels: 7 },
    shapes: { x: [3, 4, 5, 3], base: [3, 7, 5, 3] },
  },
  {
    name: "onto one base for the batch",
    op: "scatter_add_channels",
    attrs: { index: [2, 0], channels: 5 },
    shapes: { x: [3, 2, 3, 3], base: [1, 5, 3, 3] },
    fixed: ["base"],
  },
  {
    name: "vectors onto one base, batch 1",
    op: "scatter_add_channels",
    attrs: { index: [12, 3, 7], channels: 13 },
    shapes: { x: [1, 3], base: [1, 13] },
    fixed: ["base"],
  },
  {
    name: "11 into 32, 14x14",
    op: "scatter_add_channels",
    attrs: { index: STREAM, channels: 32 },
    shapes: { x: [3, 11, 14, 14], base: [3, 32, 14, 14] },
  },
];

const reshapeCases: readonly OpCase[] = [
  { name: "image", op: "flatten", shapes: { x: [3, 5, 7, 3] } },
  { name: "vector", op: "flatten", shapes: { x: [1, 13] } },
  { name: "features to image", op: "reshape", attrs: { shape: [3, 5, 7] }, shapes: { x: [3, 105] } },
  { name: "image to image", op: "reshape", attrs: { shape: [6, 2, 5] }, shapes: { x: [1, 3, 4, 5] } },
];

const softmaxCases: readonly OpCase[] = [
  { name: "one class", op: "softmax", shapes: { x: [3, 1] } },
  { name: "10 classes", op: "softmax", shapes: { x: [3, 10] } },
  { name: "17 classes", op: "softmax", shapes: { x: [1, 17] } },
  { name: "1000 classes", op: "softmax", shapes: { x: [3, 1000] }, values: { x: { kind: "uniform", low: -8, high: 8 } } },
  { name: "logits that would overflow", op: "softmax", shapes: { x: [5, 13] }, values: { x: { kind: "uniform", low: -300, high: 300 } } },
  { name: "equal logits", op: "softmax", shapes: { x: [3, 7] }, values: { x: { kind: "among", values: [2.5] } } },
];

export const channelCases: readonly OpCase[] = [
  ...concatCases,
  ...padCases,
  ...sliceCases,
  ...gatherCases,
  ...scatterCases,
  ...reshapeCases,
  ...softmaxCases,
];
