/** Several steps of ops that carry something from one run to the next: moments of optimizers, running statistics. */
import type { Attr } from "../../src/graph/graph.ts";
import { Random } from "../../training/random.ts";
import { adamHyper, adamVariants, sgdVariants } from "./training.cases.ts";

export interface Sequence {
  readonly name: string;
  readonly op: "sgd" | "adam" | "batch_norm_train";
  readonly attrs: Readonly<Record<string, Attr>>;
  /** What is kept between steps, by slot, at the start. */
  readonly start: Readonly<Record<string, Float64Array>>;
  /** What each step is given, by slot. */
  readonly steps: readonly Readonly<Record<string, Float64Array>>[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const STEPS = 5;
const SIZE = 11;

function draw(label: string, count: number, low = -1, high = 1): Float64Array {
  const random = new Random(label);
  return Float64Array.from({ length: count }, () => low + (high - low) * random.uniform());
}

/** A rate that changes from step to step, as under a schedule. */
const rateOf = (rate: number, step: number): number => rate * 0.8 ** step;

/** Zeros among the parameters: the sign of 0 is 0. */
const parameters = (name: string): Float64Array => draw(`${name} param`, SIZE).map((value, i) => (i % 4 === 0 ? 0 : value));

const sgdSequences = sgdVariants.map(
  ({ name, hyper: [rate, ...rest], attrs }): Sequence => ({
    name: `sgd, ${name}`,
    op: "sgd",
    attrs: attrs ?? {},
    shapes: { param: [SIZE], velocity: [SIZE], grad: [SIZE], hyper: [4] },
    start: { param: parameters(`sgd ${name}`), velocity: new Float64Array(SIZE) },
    steps: Array.from({ length: STEPS }, (_, step) => ({
      grad: draw(`sgd ${name} grad ${step}`, SIZE),
      hyper: Float64Array.of(rateOf(rate, step), ...rest),
    })),
  }),
);

const adamSequences = adamVariants.map(
  ({ name, hyper: [rate, ...rest], attrs }): Sequence => ({
    name,
    op: "adam",
    attrs: attrs ?? {},
    shapes: { param: [SIZE], m: [SIZE], v: [SIZE], grad: [SIZE], hyper: [8] },
    start: { param: parameters(name), m: new Float64Array(SIZE), v: new Float64Array(SIZE) },
    steps: Array.from({ length: STEPS }, (_, step) => ({
      grad: draw(`${name} grad ${step}`, SIZE),
      hyper: Float64Array.from(adamHyper([rateOf(rate, step), ...rest], step + 1)),
    })),
  }),
);

const CHANNELS = 3;

const batchNorm: Sequence = {
  name: "running statistics",
  op: "batch_norm_train",
  attrs: { momentum: 0.3, eps: 1e-3 },
  shapes: { x: [4, CHANNELS, 3, 2], gamma: [CHANNELS], beta: [CHANNELS], running_mean: [CHANNELS], running_var: [CHANNELS] },
  start: {
    gamma: draw("gamma", CHANNELS),
    beta: draw("beta", CHANNELS),
    running_mean: new Float64Array(CHANNELS),
    running_var: new Float64Array(CHANNELS).fill(1),
  },
  steps: Array.from({ length: STEPS }, (_, step) => ({ x: draw(`x ${step}`, 24 * CHANNELS, -1 - step, 3) })),
};

export const sequences: readonly Sequence[] = [...sgdSequences, ...adamSequences, batchNorm];
