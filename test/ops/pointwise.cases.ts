/** Ops that compute each element from those at the same place: activations, batch norm with fixed statistics, add and mul. */
import { activationNames } from "../../src/ops/activation.ts";
import type { OpCase, Values } from "./case.ts";

/** [N, C, H, W] and [N, C] with odd counts, single pixels, and enough of everything for vectors. */
export const channelShapes: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [1, 3, 5, 3],
  [3, 5, 7, 7],
  [1, 17, 1, 1],
  [3, 13, 2, 2],
  [3, 1, 1, 13],
  [3, 32, 14, 14],
  [1, 16, 28, 28],
  [3, 13],
  [1, 17],
  [5, 1],
  [3, 64],
];

export const shown = (shape: readonly number[]): string => shape.join("x");
/** Beyond both kinks of every activation. */
export const ACROSS_KINKS: Values = { kind: "uniform", low: -4, high: 9 };
export const ON_KINKS: Values = { kind: "among", values: [-7, -1, 0, 0.5, 3, 6, 7] };

const activationCases = activationNames.flatMap((op) => [
  ...channelShapes.flatMap((x): OpCase[] => [
    { name: shown(x), op, shapes: { x }, values: { x: ACROSS_KINKS } },
    { name: `${shown(x)}, rotated`, op, shapes: { x, slope: [x[1] as number] }, values: { x: ACROSS_KINKS } },
  ]),
  { name: "on the kinks", op, shapes: { x: [3, 5, 3, 3], slope: [5] }, values: { x: ON_KINKS } },
  {
    name: "slopes of zero",
    op,
    shapes: { x: [3, 4, 5, 5], slope: [4] },
    values: { x: ACROSS_KINKS, slope: { kind: "given", data: [0, -1.25, 0, 0.5] } },
  } as const,
]);

const POSITIVE: Values = { kind: "uniform", low: 0.25, high: 2 };

const batchNormCases = [
  ...channelShapes.map(
    (x): OpCase => ({
      name: shown(x),
      op: "batch_norm",
      shapes: { x, gamma: [x[1] as number], beta: [x[1] as number], mean: [x[1] as number], var: [x[1] as number] },
      values: { var: POSITIVE },
    }),
  ),
  {
    name: "tiny variances and a large eps",
    op: "batch_norm",
    attrs: { eps: 0.01 },
    shapes: { x: [3, 5, 5, 3], gamma: [5], beta: [5], mean: [5], var: [5] },
    values: { var: { kind: "uniform", low: 0, high: 1e-3 } },
  } as const,
  {
    name: "mean far from zero",
    op: "batch_norm",
    shapes: { x: [3, 5, 5, 3], gamma: [5], beta: [5], mean: [5], var: [5] },
    values: { x: { kind: "uniform", low: 99, high: 101 }, mean: { kind: "uniform", low: 99, high: 101 }, var: POSITIVE },
  } as const,
];

const elementwiseCases = (["add", "mul"] as const).flatMap((op) => [
  ...channelShapes.flatMap((a): OpCase[] => [
    { name: shown(a), op, shapes: { a, b: a } },
    { name: `${shown(a)}, one b for the batch`, op, shapes: { a, b: [1, ...a.slice(1)] }, fixed: ["b"] },
  ]),
  { name: "three dimensions", op, shapes: { a: [3, 7, 5], b: [3, 7, 5] } } as const,
  { name: "one dimension", op, shapes: { a: [13], b: [13] }, fixed: ["a", "b"] } as const,
]);

export const pointwiseCases: readonly OpCase[] = [...activationCases, ...batchNormCases, ...elementwiseCases];
