/** Shapes that do not fit an op: each refused with an error that names the node, the value and what to do. */
import { describe, expect, it } from "vitest";
import { SwivelError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Attr, Shape } from "../../src/graph/graph.ts";
import { activationNames } from "../../src/ops/activation.ts";
import { type TrainingOpName, trainingOps } from "../../training/ops/index.ts";

type Bad = readonly [op: TrainingOpName, shapes: Readonly<Record<string, Shape>>, attrs: Readonly<Record<string, Attr>>, message: RegExp];

const IMAGE: Shape = ["N", 6, 9, 7];
const ROWS: Shape = ["N", 6];

/** Four filters into nine channels. */
const ROUTED = { scatter: [0, 8, 2, 5], channels: 9 };

/** E_SHAPE: ranks and sizes. */
const shapes: readonly Bad[] = [
  ["conv2d", { x: ROWS, w: [4, 6, 3, 3] }, {}, /x "x" has shape \[N, 6\]; expected 4 dimensions/],
  ["conv2d", { x: IMAGE, w: [4, 6] }, {}, /w "w" has shape \[4, 6\]; expected 4 dimensions/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3], bias: [6] }, {}, /bias "bias" has shape \[6\], expected \[4\]: one bias per filter/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3], slope: [4, 1] }, {}, /slope "slope" has shape \[4, 1\], expected \[4\]: one slope per filter/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3], residual: IMAGE }, {}, /residual "residual" .* expected \[N, 4, 7, 5\]: the shape of the output/],
  [
    "conv2d",
    { x: IMAGE, w: [4, 6, 3, 8] },
    {},
    /a 3×8 window does not fit into x of 9×7 pixels with padding 0,0,0,0; pad more, or use a smaller/,
  ],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { dilation: [1, 4] }, /a 3×3 window does not fit/],
  [
    "conv2d",
    { x: IMAGE, w: [4, 6, 3, 3], slope: [4] },
    ROUTED,
    /slope "slope" has shape \[4\], expected \[9\]: one slope per channel of y/,
  ],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3], bias: [9] }, ROUTED, /bias "bias" has shape \[9\], expected \[4\]: one bias per filter/],
  [
    "conv2d",
    { x: IMAGE, w: [4, 6, 3, 3], residual: ["N", 4, 7, 5] },
    ROUTED,
    /residual "residual" .* expected \[N, 9, 7, 5\]: the shape of the output/,
  ],
  [
    "conv2d",
    { x: IMAGE, w: [2, 6, 3, 3], residual: ["N", 5, 5, 7] },
    { shortcut: [1, -1] },
    /residual "residual" .* expected \[N, 5, 7, 5\]: the shape of the output/,
  ],
  ["linear", { x: IMAGE, w: [4, 6] }, {}, /x "x" has shape \[N, 6, 9, 7\]; expected 2 dimensions/],
  ["linear", { x: ROWS, w: [4, 6], bias: [6] }, {}, /bias "bias" has shape \[6\], expected \[4\]: one bias per output/],
  ["linear", { x: ROWS, w: [4, 6], residual: ["N", 6] }, {}, /residual "residual" .* expected \[N, 4\]/],
  [
    "batch_norm",
    { x: ["N"], gamma: [6], beta: [6], mean: [6], var: [6] },
    {},
    /x has shape \[N\]; expected \[N, C, H, W\] or \[N, features\]/,
  ],
  [
    "batch_norm",
    { x: IMAGE, gamma: [6], beta: [6], mean: [7], var: [6] },
    {},
    /mean "mean" has shape \[7\], expected \[6\]: one number per channel/,
  ],
  ["relu", { x: ["N", 6, 9] }, {}, /x has shape \[N, 6, 9\]; expected \[N, C, H, W\] or/],
  ...activationNames.map(
    (op): Bad => [op, { x: IMAGE, slope: [9] }, {}, /slope "slope" has shape \[9\], expected \[6\]: one slope per channel of x/],
  ),
  ["add", { a: IMAGE, b: ["N", 6, 7, 9] }, {}, /a is \[N, 6, 9, 7\], b is \[N, 6, 7, 9\]; they must be equal, or b \[1, …\]/],
  ["add", { a: IMAGE, b: [2, 6, 9, 7] }, {}, /b is \[2, 6, 9, 7\]; they must be equal/],
  ["mul", { a: IMAGE, b: ["N", 6, 1, 1] }, {}, /b is \[N, 6, 1, 1\]; they must be equal/],
  ["max_pool", { x: ROWS }, { kernel: [2, 2] }, /x "x" has shape \[N, 6\]; expected 4 dimensions/],
  ["max_pool", { x: IMAGE }, { kernel: [10, 2] }, /a 10×2 window does not fit into x of 9×7 pixels/],
  ["avg_pool", { x: IMAGE }, { kernel: [2, 8] }, /a 2×8 window does not fit/],
  ["global_avg_pool", { x: ROWS }, {}, /expected 4 dimensions/],
  ["reshape", { x: IMAGE }, { shape: [6, 60] }, /x has 378 elements per example, shape \[6, 60\] holds 360/],
  ["concat", { x0: IMAGE, x1: ["N", 6, 9, 8] }, {}, /x0 is \[N, 6, 9, 7\], x1 is \[N, 6, 9, 8\]; they may differ in channels only/],
  ["concat", { x0: IMAGE, x1: [1, 6, 9, 7] }, {}, /x1 is \[1, 6, 9, 7\]; they may differ in channels only/],
  ["pad_channels", { x: ["N", 6, 9] }, { before: 1 }, /expected \[N, C, H, W\] or/],
  [
    "scatter_add_channels",
    { x: ["N", 2], base: ["N", 4] },
    { index: [0, 4], channels: 5 },
    /base is \[N, 4\], expected \[N, 5\] or the same with a first/,
  ],
  ["softmax", { x: IMAGE }, {}, /expected 2 dimensions/],
  [
    "conv2d_dx",
    { w: [4, 6, 3, 3], dy: ["N", 4, 9, 7] },
    { size: [9, 7] },
    /dy "dy" .* expected \[N, 4, 7, 5\]: the output of the convolution/,
  ],
  ["conv2d_dx", { w: [4, 6, 3, 3], dy: ["N", 4, 7, 5] }, { size: [2, 7] }, /a 3×3 window does not fit into dx of 2×7 pixels/],
  ["conv2d_dw", { x: IMAGE, dy: ["N", 4, 9, 7] }, { kernel: [3, 3] }, /dy "dy" .* expected \[N, 4, 7, 5\]: the output of the convolution/],
  ["conv2d_dw", { x: IMAGE, dy: [1, 4, 7, 5] }, { kernel: [3, 3] }, /dy "dy" has shape \[1, 4, 7, 5\], expected \[N, 4, 7, 5\]/],
  ["linear_dw", { x: ROWS, dy: [3, 4] }, {}, /dy "dy" has shape \[3, 4\], expected \[N, 4\]: as many examples as x/],
  ["channel_sum", { x: ["N", 6, 9] }, {}, /expected \[N, C, H, W\] or/],
  [
    "batch_norm_train",
    { x: IMAGE, gamma: [6], beta: [6], running_mean: [6], running_var: [9] },
    {},
    /running_var "running_var" .* expected \[6\]/,
  ],
  [
    "batch_norm_grad",
    { x: IMAGE, dy: ["N", 6, 9, 8], gamma: [6], mean: [6], var: [6] },
    {},
    /dy "dy" .* expected \[N, 6, 9, 7\]: the shape of x/,
  ],
  ["activation_grad", { x: IMAGE, dy: ["N", 6, 7, 9] }, { fn: "relu" }, /dy "dy" .* expected \[N, 6, 9, 7\]: the shape of x/],
  ["activation_grad", { x: IMAGE, dy: IMAGE, slope: [5] }, { fn: "relu" }, /slope "slope" has shape \[5\], expected \[6\]/],
  ["max_pool_dx", { x: IMAGE, dy: IMAGE }, { kernel: [2, 2] }, /dy "dy" .* expected \[N, 6, 8, 6\]: the output of the pool/],
  ["avg_pool_dx", { dy: IMAGE }, { kernel: [2, 2], size: [9, 7] }, /dy "dy" .* expected \[N, 6, 8, 6\]: the output of the pool/],
  ["global_avg_pool_dx", { dy: IMAGE }, { size: [9, 7] }, /dy "dy" .* expected \[N, 6, 1, 1\]: one pixel per channel/],
  ["softmax_dx", { y: ROWS, dy: ["N", 7] }, {}, /dy "dy" has shape \[N, 7\], expected \[N, 6\]: the shape of y/],
  ["cross_entropy", { logits: ROWS, labels: ["N", 1] }, {}, /labels "labels" has shape \[N, 1\], expected \[N\]: one label per example/],
  ["cross_entropy_dx", { logits: ROWS, labels: ["N"], dy: ["N"] }, {}, /dy "dy" has shape \[N\], expected \[1\]: the gradient of the loss/],
  [
    "tally",
    { loss: [1], logits: ROWS, labels: ["N"], totals: [2] },
    {},
    /totals "totals" has shape \[2\], expected \[3\]: loss, hits and examples/,
  ],
  ["sgd", { param: [5], grad: [6], velocity: [5], hyper: [4] }, {}, /grad "grad" has shape \[6\], expected \[5\]: the shape of param/],
  [
    "sgd",
    { param: [5], grad: [5], velocity: [5], hyper: [3] },
    {},
    /hyper "hyper" has shape \[3\], expected \[4\]: rate, momentum, weight_decay, l1/,
  ],
  ["adam", { param: [5], grad: [5], m: [5], v: [4], hyper: [8] }, {}, /v "v" has shape \[4\], expected \[5\]: the shape of param/],
];

/** E_CHANNELS: counts that should agree. */
const channels: readonly Bad[] = [
  [
    "conv2d",
    { x: IMAGE, w: [4, 5, 3, 3] },
    {},
    /x has 6 channels, w expects 5 \(5 per group × 1\); change the layer before, or w, or groups/,
  ],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { groups: 2 }, /x has 6 channels, w expects 12 \(6 per group × 2\)/],
  ["conv2d", { x: IMAGE, w: [4, 2, 3, 3] }, { groups: 3 }, /4 filters do not divide into 3 groups; take a multiple of 3/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { gather: [0, 1] }, /gather has 2 entries, w has 6 columns; give one for each column/],
  [
    "conv2d",
    { x: IMAGE, w: [4, 6, 3, 3] },
    { scatter: [0, 1, 2], channels: 9 },
    /scatter has 3 entries, w has 4 filters; give one for each filter/,
  ],
  [
    "conv2d",
    { x: IMAGE, w: [4, 6, 3, 3], residual: ["N", 5, 7, 5] },
    { shortcut: [1] },
    /shortcut has 1 entries, y has 4 channels; give one for each, −1 for none/,
  ],
  ["linear", { x: ROWS, w: [4, 7] }, {}, /x has 6 features, w expects 7; flatten x, or change w/],
  [
    "scatter_add_channels",
    { x: ["N", 3] },
    { index: [0, 4], channels: 5 },
    /x has 3 channels, index has 2 entries; give one for each channel/,
  ],
  ["conv2d_dx", { w: [4, 6, 3, 3], dy: ["N", 5, 7, 5] }, { size: [9, 7] }, /dy has 5 channels, w has 4 filters; they must be equal/],
  ["conv2d_dw", { x: IMAGE, dy: ["N", 4, 7, 5] }, { kernel: [3, 3], groups: 4 }, /x has 6 channels, which do not divide into 4 groups/],
  ["conv2d_dw", { x: IMAGE, dy: ["N", 4, 7, 5] }, { kernel: [3, 3], groups: 3 }, /4 filters do not divide into 3 groups/],
  ["linear_dx", { w: [4, 6], dy: ["N", 5] }, {}, /dy has 5 features, w has 4 rows; they must be equal/],
];

/** E_ATTR: attributes that are impossible, by themselves or for these shapes. */
const attributes: readonly Bad[] = [
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { stride: [0, 1] }, /attribute "stride" is \[0,1\]; expected 2 integers of 1 or more/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { padding: [1, 1] }, /attribute "padding" is \[1,1\]; expected 4 integers of 0 or more/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { groups: 1.5 }, /attribute "groups" is 1.5; expected an integer of 1 or more/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { activation: "tanh" }, /attribute "activation" is "tanh"; expected one of none, relu, relu6/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { stride: [2 ** 31, 1] }, /attribute "stride"/],
  ["conv2d", { x: IMAGE, w: [4, 2, 3, 3] }, { gather: [0, 6] }, /gather 6 is outside the 6 channels of x/],
  ["conv2d", { x: IMAGE, w: [4, 2, 3, 3] }, { gather: [3, 3] }, /gather names a channel twice; name each once/],
  ["conv2d", { x: IMAGE, w: [4, 2, 3, 3] }, { gather: [-1, 3] }, /attribute "gather"/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { scatter: [0, 1, 2, 9], channels: 9 }, /scatter 9 is outside the 9 channels of y/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { scatter: [0, 1, 2, 2], channels: 9 }, /scatter names a channel twice; name each/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { scatter: [0, 1, 2, 3] }, /scatter 0 is outside the 0 channels of y/],
  ["conv2d", { x: IMAGE, w: [4, 6, 3, 3] }, { channels: 4 }, /channels is 4 without scatter; leave it out, or give scatter/],
  ["conv2d", { x: IMAGE, w: [4, 3, 3, 3] }, { groups: 2, ...ROUTED }, /gather, scatter and shortcut need groups = 1, this has 2; move/],
  ["conv2d", { x: IMAGE, w: [2, 6, 3, 3] }, { shortcut: [0, -1] }, /shortcut is given without residual; leave it out, or give residual/],
  [
    "conv2d",
    { x: IMAGE, w: [2, 6, 3, 3], residual: ["N", 5, 7, 5] },
    { shortcut: [-1, 5] },
    /shortcut 5 is outside the 5 channels of residual/,
  ],
  [
    "conv2d",
    { x: IMAGE, w: [2, 6, 3, 3], residual: ["N", 5, 7, 5] },
    { shortcut: [1, 1] },
    /shortcut names a channel twice; name each once/,
  ],
  ["conv2d", { x: IMAGE, w: [2, 6, 3, 3], residual: ["N", 5, 7, 5] }, { shortcut: [-2, 1] }, /attribute "shortcut"/],
  [
    "batch_norm",
    { x: IMAGE, gamma: [6], beta: [6], mean: [6], var: [6] },
    { eps: -1 },
    /attribute "eps" is -1; expected a finite number of 0 or more/,
  ],
  ["batch_norm", { x: IMAGE, gamma: [6], beta: [6], mean: [6], var: [6] }, { eps: Number.NaN }, /attribute "eps"/],
  ["max_pool", { x: IMAGE }, {}, /attribute "kernel" is missing; expected 2 integers of 1 or more/],
  [
    "max_pool",
    { x: IMAGE },
    { kernel: [2, 2], padding: [0, 0, 2, 0] },
    /padding 0,0,2,0 is as large as the 2×2 window; pad less than the window/,
  ],
  ["avg_pool", { x: IMAGE }, { kernel: [2, 2], divisor: "ones" }, /attribute "divisor" is "ones"; expected one of window, pixels/],
  ["avg_pool_dx", { dy: IMAGE }, { kernel: [2, 2], size: [9, 7], padding: [2, 0, 0, 0] }, /as large as the 2×2 window/],
  ["slice_channels", { x: IMAGE }, { start: 4, count: 3 }, /channels 4 to 6 are outside the 6 of x/],
  ["gather_channels", { x: IMAGE }, { index: [0, 6] }, /index 6 is outside the 6 channels of x/],
  ["gather_channels", { x: IMAGE }, { index: [1, 1] }, /index names a channel twice; name each once/],
  ["gather_channels", { x: IMAGE }, { index: [] }, /index is empty; name at least one channel/],
  ["gather_channels", { x: IMAGE }, { index: [-1] }, /attribute "index"/],
  ["scatter_add_channels", { x: ["N", 2] }, { index: [0, 5], channels: 5 }, /index 5 is outside the 5 channels of y/],
  ["activation_grad", { x: IMAGE, dy: IMAGE }, { fn: "none" }, /attribute "fn" is "none"; expected one of relu, relu6/],
  ["fill", {}, { value: 1, size: 0 }, /attribute "size" is 0; expected an integer of 1 or more/],
  ["sgd", { param: [5], grad: [5], velocity: [5], hyper: [4] }, { nesterov: 1 }, /attribute "nesterov" is 1; expected true or false/],
];

describe.each([
  ["E_SHAPE", shapes],
  ["E_CHANNELS", channels],
  ["E_ATTR", attributes],
] as const)("%s", (code, cases) => {
  it.each(cases)("%s %j %j", (op, slots, attrs, message) => {
    const builder = new GraphBuilder(trainingOps);
    for (const [slot, shape] of Object.entries(slots)) builder.input(slot, shape, slot === "labels" ? "i32" : "f32");
    const names = Object.fromEntries(Object.keys(slots).map((slot) => [slot, slot]));
    const add = (): unknown => builder.node(op, "the.node", names, attrs);
    expect(add).toThrow(SwivelError);
    expect(add).toThrow(expect.objectContaining({ code }));
    expect(add).toThrow(new RegExp(`^${code} ${op} "the\\.node": `));
    expect(add).toThrow(message);
  });
});

describe("every op", () => {
  const bad = [...shapes, ...channels, ...attributes];
  // these take any shape
  const free = ["flatten", "batch_sum"];

  it.each(Object.keys(trainingOps).filter((op) => !free.includes(op)))("%s refuses something", (op) => {
    expect(bad.some(([other]) => other === op)).toBe(true);
  });

  it("labels must be integers", () => {
    const builder = new GraphBuilder(trainingOps);
    builder.input("logits", ROWS);
    builder.input("labels", ["N"]);
    expect(() => builder.add("cross_entropy", "loss", { logits: "logits", labels: "labels" })).toThrow(
      /^E_SHAPE cross_entropy "loss": labels must be i32/,
    );
  });
});
