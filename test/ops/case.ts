/** What a case is: one node, described as data. Every backend runs all of them; `tools/fixtures/make_ops.py` runs them through PyTorch. */
import type { Attr } from "../../src/graph/graph.ts";
import type { TrainingOpName } from "../../training/ops/index.ts";
import { Random } from "../../training/random.ts";

/** How the elements of an input are drawn; uniform in [−1, 1) unless said otherwise. The first four kinds are exact in float32. */
export type Values =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  /** Integers 0 … classes − 1. */
  | { readonly kind: "labels"; readonly classes: number }
  /** Drawn from a short list: ties, and inputs exactly on a kink. */
  | { readonly kind: "among"; readonly values: readonly number[] }
  /** No two equal, and none closer to 0 than half their distance: evenly spaced over [−1, 1], shuffled. */
  | { readonly kind: "distinct" }
  | { readonly kind: "given"; readonly data: readonly number[] }
  /** Positive rows that sum to 1. */
  | { readonly kind: "distribution" }
  /** The statistics of each channel of another input. */
  | { readonly kind: "mean" | "variance"; readonly of: string };

export interface OpCase {
  /** Unique among the cases of its op. */
  readonly name: string;
  readonly op: TrainingOpName;
  readonly attrs?: Readonly<Record<string, Attr>>;
  /** Concrete shape of every filled input slot; the batch becomes free where the slot has one. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly values?: Readonly<Record<string, Values>>;
  /** Output slots to compute; the required ones unless given. */
  readonly outputs?: readonly string[];
  /** Slots whose first dimension is no batch although it could be one: a `b` of one example beside an `a` of one example. */
  readonly fixed?: readonly string[];
}

export const title = (testCase: OpCase): string => `${testCase.op}: ${testCase.name}`;

const product = (shape: readonly number[]): number => shape.reduce((all, dim) => all * dim, 1);

/** The elements of one input. They follow from the case's title and the slot alone. */
export function valuesOf(testCase: OpCase, slot: string): Float64Array {
  const shape = testCase.shapes[slot] as readonly number[];
  const random = new Random(`${title(testCase)} ${slot}`);
  const values = testCase.values?.[slot] ?? ({ kind: "uniform", low: -1, high: 1 } as const);
  const draw = (make: () => number): Float64Array => Float64Array.from({ length: product(shape) }, make);
  switch (values.kind) {
    case "uniform":
      return draw(() => Math.fround(values.low + (values.high - values.low) * random.uniform()));
    case "labels":
      return draw(() => random.int(values.classes));
    case "among":
      return draw(() => values.values[random.int(values.values.length)] as number);
    case "distinct": {
      const count = product(shape);
      const order = random.shuffle(Int32Array.from({ length: count }, (_, i) => i));
      return Float64Array.from(order, (rank) => Math.fround((2 * rank + 1) / count - 1 + 0.5 / count));
    }
    case "given":
      return Float64Array.from(values.data);
    case "distribution": {
      const classes = shape.at(-1) as number;
      const raw = draw(() => 0.05 + random.uniform());
      return raw.map((value, i) => {
        const start = i - (i % classes);
        return value / raw.subarray(start, start + classes).reduce((sum, other) => sum + other, 0);
      });
    }
    case "mean":
      return statistics(testCase, values.of).mean;
    case "variance":
      return statistics(testCase, values.of).variance;
  }
}

function statistics(testCase: OpCase, slot: string): { mean: Float64Array; variance: Float64Array } {
  const [n = 1, channels = 1, ...rest] = testCase.shapes[slot] as readonly number[];
  const pixels = product(rest);
  const x = valuesOf(testCase, slot);
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  const channelOf = (i: number): number => Math.floor(i / pixels) % channels;
  x.forEach((value, i) => {
    mean[channelOf(i)]! += value / (n * pixels);
  });
  x.forEach((value, i) => {
    variance[channelOf(i)]! += (value - mean[channelOf(i)]!) ** 2 / (n * pixels);
  });
  return { mean, variance };
}
