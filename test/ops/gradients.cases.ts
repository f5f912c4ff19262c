/** Cases of the gradient ops, on the geometries of their forward ops. */
import { activationNames } from "../../src/ops/activation.ts";
import { windowOutput } from "../../src/ops/window.ts";
import type { OpCase } from "./case.ts";
import { convAttrsOf, convGeometries } from "./conv2d.geometries.ts";
import { linearSizes } from "./linear.cases.ts";
import { ACROSS_KINKS, channelShapes, ON_KINKS, shown } from "./pointwise.cases.ts";
import { imageShapes, poolAttrsOf, poolGeometries } from "./pool.cases.ts";

const NO_PADDING = [0, 0, 0, 0];

const convCases = convGeometries.flatMap((geometry): OpCase[] => {
  const { name, x, w } = geometry;
  const attrs = convAttrsOf(geometry);
  const window = { stride: [1, 1], padding: NO_PADDING, ...geometry };
  const dy = [x[0], w[0], ...windowOutput(x.slice(2), w.slice(2), window)];
  return [
    { name, op: "conv2d_dx", attrs: { ...attrs, size: x.slice(2) }, shapes: { w, dy } },
    { name, op: "conv2d_dw", attrs: { ...attrs, kernel: w.slice(2) }, shapes: { x, dy } },
  ];
});

const linearCases = linearSizes.flatMap(([n, inputs, outputs]): OpCase[] => {
  const name = `${n} x ${inputs} to ${outputs}`;
  return [
    { name, op: "linear_dx", shapes: { w: [outputs, inputs], dy: [n, outputs] } },
    { name, op: "linear_dw", shapes: { x: [n, inputs], dy: [n, outputs] } },
  ];
});

const poolCases = poolGeometries.flatMap((geometry): OpCase[] => {
  const { name, x } = geometry;
  const attrs = poolAttrsOf(geometry);
  const dy = [x[0], x[1], ...windowOutput(x.slice(2), geometry.kernel, { stride: [1, 1], padding: NO_PADDING, ...geometry })];
  const size = x.slice(2);
  return [
    { name, op: "max_pool_dx", attrs, shapes: { x, dy }, values: { x: { kind: "distinct" } } },
    // many ties: the first largest pixel takes all
    { name: `${name}, ties`, op: "max_pool_dx", attrs, shapes: { x, dy }, values: { x: { kind: "among", values: [-1, 0, 1] } } },
    { name, op: "avg_pool_dx", attrs: { ...attrs, size }, shapes: { dy } },
    ...(geometry.padding
      ? [
          {
            name: `${name}, divided by pixels`,
            op: "avg_pool_dx",
            attrs: { ...attrs, size, divisor: "pixels" },
            shapes: { dy },
          } as const,
        ]
      : []),
  ];
});

const globalPoolCases = imageShapes.map(
  ([n, c, h, w]): OpCase => ({
    name: shown([n, c, h, w]),
    op: "global_avg_pool_dx",
    attrs: { size: [h, w] },
    shapes: { dy: [n, c, 1, 1] },
  }),
);

/** Channels so large that a backend may sum parts of them apart: planes of vectors, of an odd size, of a single pixel, and many parts. */
const longChannels: readonly (readonly number[])[] = [
  [11, 3, 28, 28],
  [61, 2, 13, 15],
  [4001, 5],
  [131, 3, 16, 16],
];

const reducedShapes = [...channelShapes, [64, 17, 3, 3], [67, 5], ...longChannels];

const activationCases = activationNames.flatMap((fn) => [
  ...longChannels.map(
    (x): OpCase => ({
      name: `${fn}, ${shown(x)}, rotated`,
      op: "activation_grad",
      attrs: { fn },
      shapes: { x, dy: x, slope: [x[1] as number] },
      values: { x: ACROSS_KINKS },
      outputs: ["dx", "dslope"],
    }),
  ),
  ...channelShapes.flatMap((x): OpCase[] => [
    { name: `${fn}, ${shown(x)}`, op: "activation_grad", attrs: { fn }, shapes: { x, dy: x }, values: { x: ACROSS_KINKS } },
    {
      name: `${fn}, ${shown(x)}, rotated`,
      op: "activation_grad",
      attrs: { fn },
      shapes: { x, dy: x, slope: [x[1] as number] },
      values: { x: ACROSS_KINKS },
      outputs: ["dx", "dslope"],
    },
  ]),
  {
    name: `${fn}, frozen slope`,
    op: "activation_grad",
    attrs: { fn },
    shapes: { x: [3, 5, 3, 3], dy: [3, 5, 3, 3], slope: [5] },
    values: { x: ACROSS_KINKS },
  } as const,
  {
    name: `${fn}, on the kinks`,
    op: "activation_grad",
    attrs: { fn },
    shapes: { x: [3, 5, 3, 3], dy: [3, 5, 3, 3], slope: [5] },
    values: { x: ON_KINKS },
    outputs: ["dx", "dslope"],
  } as const,
]);

const reductionCases = reducedShapes.flatMap((x): OpCase[] => [
  { name: shown(x), op: "channel_sum", shapes: { x } },
  { name: shown(x), op: "batch_sum", shapes: { x } },
]);

const perChannel = (x: readonly number[], slots: readonly string[]) => Object.fromEntries(slots.map((slot) => [slot, [x[1] as number]]));

const RUNNING = { running_var: { kind: "uniform", low: 0.25, high: 2 } } as const;

const batchNormTrainCases = [
  ...reducedShapes.map(
    (x): OpCase => ({
      name: shown(x),
      op: "batch_norm_train",
      shapes: { x, ...perChannel(x, ["gamma", "beta", "running_mean", "running_var"]) },
      values: RUNNING,
    }),
  ),
  {
    name: "mean far from zero",
    op: "batch_norm_train",
    attrs: { momentum: 0.25, eps: 1e-3 },
    shapes: { x: [3, 5, 7, 7], ...perChannel([0, 5], ["gamma", "beta", "running_mean", "running_var"]) },
    values: { ...RUNNING, x: { kind: "uniform", low: 30, high: 33 } },
  } as const,
  {
    name: "mean far from zero in large channels",
    op: "batch_norm_train",
    shapes: { x: [29, 2, 17, 18], ...perChannel([0, 2], ["gamma", "beta", "running_mean", "running_var"]) },
    values: { ...RUNNING, x: { kind: "uniform", low: 30, high: 33 } },
  } as const,
  {
    name: "first image unlike the others",
    op: "batch_norm_train",
    shapes: { x: [3, 1, 2, 2], ...perChannel([0, 1], ["gamma", "beta", "running_mean", "running_var"]) },
    values: { ...RUNNING, x: { kind: "given", data: [-9, -8, -9, -9, 3, 2, 3, 4, 2, 3, 1, 2] } },
  } as const,
];

const STATISTICS = { mean: { kind: "mean", of: "x" }, var: { kind: "variance", of: "x" } } as const;

const batchNormGradCases = reducedShapes.flatMap((x): OpCase[] => {
  const shapes = { x, dy: x, ...perChannel(x, ["gamma", "mean", "var"]) };
  // one element a channel has a variance of 0, which would magnify every rounding by 1/√eps
  const alone = x.reduce((all, dim) => all * dim, 1) === x[1];
  return [
    { name: shown(x), op: "batch_norm_grad", attrs: alone ? { eps: 0.1 } : {}, shapes, values: STATISTICS },
    {
      name: `${shown(x)}, frozen`,
      op: "batch_norm_grad",
      attrs: { frozen: true },
      shapes,
      values: { var: { kind: "uniform", low: 0.25, high: 2 } },
    },
  ];
});

export const gradientCases: readonly OpCase[] = [
  ...convCases,
  ...linearCases,
  ...poolCases,
  ...globalPoolCases,
  ...activationCases,
  ...reductionCases,
  ...batchNormTrainCases,
  ...batchNormGradCases,
];
