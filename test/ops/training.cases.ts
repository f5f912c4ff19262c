/** Cases of losses and optimizers. */
import type { OpCase, Values } from "./case.ts";

const CLASSES: readonly (readonly [n: number, classes: number])[] = [
  [1, 1],
  [3, 10],
  [1, 17],
  [5, 3],
  [64, 10],
  [3, 1000],
];

const lossCases = [
  ...CLASSES.flatMap(([n, classes]) =>
    [0, 0.1].flatMap((smoothing): OpCase[] => {
      const name = `${n} of ${classes}${smoothing ? `, smoothing ${smoothing}` : ""}`;
      const attrs = { label_smoothing: smoothing };
      const values = { labels: { kind: "labels", classes }, logits: { kind: "uniform", low: -4, high: 4 } } as const;
      const shapes = { logits: [n, classes], labels: [n] };
      return [
        { name, op: "cross_entropy", attrs, shapes, values },
        { name, op: "cross_entropy_dx", attrs, shapes: { ...shapes, dy: [1] }, values },
      ];
    }),
  ),
  ...(["cross_entropy", "cross_entropy_dx"] as const).map(
    (op): OpCase => ({
      name: "logits that would overflow",
      op,
      attrs: { label_smoothing: 0.05 },
      shapes: { logits: [5, 13], labels: [5], ...(op === "cross_entropy_dx" && { dy: [1] }) },
      values: { labels: { kind: "labels", classes: 13 }, logits: { kind: "uniform", low: -300, high: 300 } },
    }),
  ),
];

const softmaxCases = CLASSES.map(
  ([n, classes]): OpCase => ({
    name: `${n} of ${classes}`,
    op: "softmax_dx",
    shapes: { y: [n, classes], dy: [n, classes] },
    values: { y: { kind: "distribution" } },
  }),
);

const TOTALS: Values = { kind: "given", data: [12.5, 7, 64] };

const tallyCases = [
  ...CLASSES.map(
    ([n, classes]): OpCase => ({
      name: `${n} of ${classes}`,
      op: "tally",
      shapes: { loss: [1], logits: [n, classes], labels: [n], totals: [3] },
      values: { labels: { kind: "labels", classes }, totals: TOTALS },
    }),
  ),
  {
    name: "ties go to the first",
    op: "tally",
    shapes: { loss: [1], logits: [64, 5], labels: [64], totals: [3] },
    values: { labels: { kind: "labels", classes: 5 }, logits: { kind: "among", values: [0, 1] }, totals: TOTALS },
  } as const,
  {
    name: "every logit negative",
    op: "tally",
    shapes: { loss: [1], logits: [17, 3], labels: [17], totals: [3] },
    values: { labels: { kind: "labels", classes: 3 }, logits: { kind: "uniform", low: -9, high: -8 }, totals: TOTALS },
  } as const,
];

const fillCases: readonly OpCase[] = [
  { name: "one", op: "fill", attrs: { value: 1, size: 1 }, shapes: {} },
  { name: "13 negative", op: "fill", attrs: { value: -0.3, size: 13 }, shapes: {} },
  { name: "64 zeros", op: "fill", attrs: { value: 0, size: 64 }, shapes: {} },
];

/** Zeros too: the sign of 0 is 0. */
const PARAMS: Values = { kind: "among", values: [-1.5, -0.5, -0.0625, 0, 0.03125, 0.5, 1.25] };

interface SgdVariant {
  readonly name: string;
  /** rate, momentum, weight decay, l1 */
  readonly hyper: readonly [number, number, number, number];
  readonly attrs?: OpCase["attrs"];
}

export const sgdVariants: readonly SgdVariant[] = [
  { name: "plain", hyper: [0.1, 0, 0, 0] },
  { name: "momentum", hyper: [0.1, 0.9, 0, 0] },
  { name: "momentum and weight decay", hyper: [0.05, 0.9, 0.01, 0] },
  { name: "nesterov", hyper: [0.1, 0.9, 0.001, 0], attrs: { nesterov: true } },
  { name: "l1", hyper: [0.1, 0.9, 0, 0.01] },
  { name: "proximal l1", hyper: [0.1, 0.9, 0.001, 0.4], attrs: { proximal: true } },
  { name: "everything", hyper: [0.1, 0.9, 0.01, 0.3], attrs: { nesterov: true, proximal: true } },
];

interface AdamVariant {
  readonly name: string;
  /** rate, beta1, beta2, eps, weight decay, l1 */
  readonly hyper: readonly [number, number, number, number, number, number];
  readonly attrs?: OpCase["attrs"];
}

export const adamVariants: readonly AdamVariant[] = [
  { name: "adam", hyper: [0.001, 0.9, 0.999, 1e-8, 0, 0] },
  { name: "adam with weight decay", hyper: [0.01, 0.9, 0.99, 1e-6, 0.01, 0] },
  { name: "adamw", hyper: [0.01, 0.9, 0.999, 1e-8, 0.1, 0], attrs: { decoupled: true } },
  { name: "adam with l1", hyper: [0.01, 0.8, 0.999, 1e-8, 0, 0.02] },
  { name: "adamw with proximal l1", hyper: [0.01, 0.9, 0.999, 1e-8, 0.1, 5], attrs: { decoupled: true, proximal: true } },
];

/** `hyper` of Adam at step t (from 1): the rates and both bias corrections. */
export const adamHyper = (hyper: AdamVariant["hyper"], t: number): number[] => [...hyper, 1 - hyper[1] ** t, 1 - hyper[2] ** t];

const SIZES = [1, 13, 64, 1031];

const optimizerCases = [
  ...sgdVariants.flatMap(({ name, hyper, attrs }) =>
    SIZES.map(
      (size): OpCase => ({
        name: `${name}, ${size}`,
        op: "sgd",
        attrs,
        shapes: { param: [size], grad: [size], velocity: [size], hyper: [4] },
        values: { param: PARAMS, hyper: { kind: "given", data: hyper } },
      }),
    ),
  ),
  ...adamVariants.flatMap(({ name, hyper, attrs }) =>
    SIZES.map(
      (size): OpCase => ({
        name: `${name}, ${size}`,
        op: "adam",
        attrs,
        shapes: { param: [size], grad: [size], m: [size], v: [size], hyper: [8] },
        values: { param: PARAMS, v: { kind: "uniform", low: 0, high: 1 }, hyper: { kind: "given", data: adamHyper(hyper, 3) } },
      }),
    ),
  ),
  {
    name: "a parameter of two dimensions",
    op: "sgd",
    shapes: { param: [5, 7], grad: [5, 7], velocity: [5, 7], hyper: [4] },
    values: { hyper: { kind: "given", data: [0.1, 0.9, 0, 0] } },
    fixed: ["grad"],
  } as const,
];

export const trainingCases: readonly OpCase[] = [...lossCases, ...softmaxCases, ...tallyCases, ...fillCases, ...optimizerCases];
