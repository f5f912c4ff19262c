/** What each output element would be if nothing cancelled: the magnitudes that tolerances (tolerance.ts) are in proportion to. */
import { type Activation, channelView } from "../../src/ops/activation.ts";
import { activations } from "../../src/reference/activation.ts";
import type { OpCase } from "./case.ts";

export type Slots = Readonly<Record<string, Float64Array>>;

export interface MagnitudeIo {
  readonly testCase: OpCase;
  /** Inputs and the reference's outputs by slot. */
  readonly data: Slots;
  /** The reference's outputs for other inputs. */
  run(inputs: Slots): Slots;
}

export type Magnitude = (io: MagnitudeIo) => Slots;

/** The reference with the absolute values of some slots (their negatives for slots after a `-`). */
export function absolute(...slots: string[]): Magnitude {
  return ({ data, run }) => {
    const replaced = Object.fromEntries(
      slots.flatMap((slot) => {
        const name = slot.replace("-", "");
        const sign = slot === name ? 1 : -1;
        return data[name] ? [[name, data[name].map((value) => sign * Math.abs(value))]] : [];
      }),
    );
    return run({ ...data, ...replaced });
  };
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** Applies `f` to each row of a [N, K] slot. */
function eachRow(testCase: OpCase, data: Slots, slot: string, f: (row: Float64Array, n: number) => Float64Array): Float64Array {
  const [n = 1, classes = 1] = testCase.shapes[slot] as readonly number[];
  const rows = Array.from({ length: n }, (_, i) => f((data[slot] as Float64Array).subarray(i * classes, (i + 1) * classes), i));
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** exp(x − max): the difference is rounded in proportion to its size, and so is every term of the sum below it. */
function softmaxRow(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const terms = row.map((x) => Math.exp(x - largest));
  const probabilities = terms.map((term) => term / sum(terms));
  const spread = row.map((x) => 1 + largest - x);
  const common = sum(probabilities.map((p, k) => p * (spread[k] as number)));
  return probabilities.map((p, k) => p * ((spread[k] as number) + common));
}

export const softmax: Magnitude = ({ testCase, data }) => ({ y: eachRow(testCase, data, "x", softmaxRow) });

export function softmaxDx({ testCase, data }: MagnitudeIo): Slots {
  const dx = eachRow(testCase, data, "y", (y, n) => {
    const dy = (data.dy as Float64Array).subarray(n * y.length, (n + 1) * y.length).map(Math.abs);
    const dot = sum(y.map((value, k) => Math.abs(value) * (dy[k] as number)));
    return y.map((value, k) => Math.abs(value) * ((dy[k] as number) + dot));
  });
  return { dx };
}

/** q of PyTorch's label smoothing. */
function target(testCase: OpCase, data: Slots, n: number, k: number, classes: number): number {
  const smoothing = Number(testCase.attrs?.label_smoothing ?? 0);
  return (data.labels?.[n] === k ? 1 - smoothing : 0) + smoothing / classes;
}

/** log Σ exp and the logits, as if they did not cancel. */
export function crossEntropy({ testCase, data }: MagnitudeIo): Slots {
  const rows = eachRow(testCase, data, "logits", (row, n) => {
    const largest = Math.max(...row);
    const logOfSum = Math.log(sum(row.map((x) => Math.exp(x - largest))));
    const targets = sum(row.map((x, k) => target(testCase, data, n, k, row.length) * Math.abs(x)));
    return Float64Array.of(Math.abs(largest) + logOfSum + sum(softmaxRow(row)) + targets);
  });
  return { y: Float64Array.of(sum(rows) / rows.length) };
}

export function crossEntropyDx({ testCase, data }: MagnitudeIo): Slots {
  const scale = Math.abs(data.dy?.[0] as number) / (testCase.shapes.logits?.[0] as number);
  const dx = eachRow(testCase, data, "logits", (row, n) =>
    softmaxRow(row).map((p, k) => scale * (p + target(testCase, data, n, k, row.length))),
  );
  return { dx };
}

/** Sums `f` over the elements of each channel. */
function perChannel(shape: readonly number[], f: (index: number, channel: number) => number): Float64Array {
  const { n, c, hw } = channelView(shape);
  const sums = new Float64Array(c);
  for (let i = 0; i < n * c * hw; i++) {
    const channel = Math.floor(i / hw) % c;
    sums[channel] = (sums[channel] as number) + f(i, channel);
  }
  return sums;
}

/** f' is of the order of 1 for every activation, whatever cancels in it. */
export function activationGrad({ testCase, data }: MagnitudeIo): Slots {
  const f = activations[testCase.attrs?.fn as Activation];
  const x = data.x as Float64Array;
  const shape = testCase.shapes.x as readonly number[];
  const { c, hw } = channelView(shape);
  const get = (slot: string, i: number): number => Math.abs(data[slot]?.[i] ?? 1);
  return {
    dx: x.map((_, i) => get("slope", Math.floor(i / hw) % c) * get("dy", i)),
    dslope: perChannel(shape, (i) => Math.abs(f(x[i] as number)) * get("dy", i)),
  };
}

export function batchNormTrain({ testCase, data }: MagnitudeIo): Slots {
  const x = data.x as Float64Array;
  const shape = testCase.shapes.x as readonly number[];
  const { c, hw } = channelView(shape);
  const m = x.length / c;
  const { eps = 1e-5, momentum = 0.1 } = (testCase.attrs ?? {}) as { eps?: number; momentum?: number };
  const get = (slot: string, i: number): number => Math.abs(data[slot]?.[i] as number);
  const mean = perChannel(shape, (i) => get("x", i) / m);
  // each (x − mean)² is off by twice its root times the roundings of x and mean
  const variance = perChannel(
    shape,
    (i, ch) => (2 * Math.abs((x[i] as number) - (data.mean?.[ch] as number)) * (get("x", i) + (mean[ch] as number))) / m,
  );
  const y = x.map((value, i) => {
    const ch = Math.floor(i / hw) % c;
    const spread = get("var", ch) + eps;
    const scale = get("gamma", ch) / Math.sqrt(spread);
    const distance = Math.abs(value - (data.mean?.[ch] as number));
    return scale * (Math.abs(value) + (mean[ch] as number) + (distance * (variance[ch] as number)) / spread) + get("beta", ch);
  });
  const moved = (slot: string, by: Float64Array, factor: number): Float64Array =>
    by.map((value, ch) => (1 - momentum) * get(slot, ch) + momentum * factor * value);
  return {
    y,
    mean,
    var: variance.map((value, ch) => value + get("var", ch)),
    next_mean: moved("running_mean", mean, 1),
    next_var: moved(
      "running_var",
      variance.map((value, ch) => value + get("var", ch)),
      m > 1 ? m / (m - 1) : 1,
    ),
  };
}

export function batchNormGrad(io: MagnitudeIo): Slots {
  const { testCase, data } = io;
  const { dgamma, dbeta } = absolute("x", "dy", "gamma", "-mean")(io) as { dgamma: Float64Array; dbeta: Float64Array };
  const shape = testCase.shapes.x as readonly number[];
  const { c, hw } = channelView(shape);
  const { eps = 1e-5, frozen = false } = (testCase.attrs ?? {}) as { eps?: number; frozen?: boolean };
  const m = (data.x as Float64Array).length / c;
  const get = (slot: string, i: number): number => Math.abs(data[slot]?.[i] as number);
  const dx = (data.x as Float64Array).map((value, i) => {
    const ch = Math.floor(i / hw) % c;
    const deviation = Math.sqrt(get("var", ch) + eps);
    const normalised = (Math.abs(value) + get("mean", ch)) / deviation;
    const through = frozen ? 0 : ((dbeta[ch] as number) + normalised * (dgamma[ch] as number)) / m;
    return (get("gamma", ch) / deviation) * (get("dy", i) + through);
  });
  return { dx, dgamma, dbeta };
}

export function sgd({ testCase, data }: MagnitudeIo): Slots {
  const [rate = 0, momentum = 0, decay = 0, l1 = 0] = data.hyper as Float64Array;
  const param = (data.param as Float64Array).map(Math.abs);
  const g = (data.grad as Float64Array).map((value, i) => Math.abs(value) + decay * (param[i] as number) + l1);
  const v = (data.velocity as Float64Array).map((value, i) => momentum * Math.abs(value) + (g[i] as number));
  const step = testCase.attrs?.nesterov ? v.map((value, i) => (g[i] as number) + momentum * value) : v;
  return { next_param: param.map((p, i) => p + rate * (step[i] as number) + rate * l1), next_velocity: v };
}

export function adam({ testCase, data }: MagnitudeIo): Slots {
  const [rate = 0, beta1 = 0, beta2 = 0, eps = 0, decay = 0, l1 = 0, correction1 = 1, correction2 = 1] = data.hyper as Float64Array;
  const param = (data.param as Float64Array).map(Math.abs);
  const coupled = testCase.attrs?.decoupled ? 0 : decay;
  const g = (data.grad as Float64Array).map((value, i) => Math.abs(value) + coupled * (param[i] as number) + l1);
  const m = (data.m as Float64Array).map((value, i) => beta1 * Math.abs(value) + (1 - beta1) * (g[i] as number));
  const v = (data.v as Float64Array).map((value, i) => beta2 * value + 2 * (1 - beta2) * (g[i] as number) ** 2);
  const nextParam = param.map((p, i) => {
    const second = data.next_v?.[i] as number;
    const step = (rate * (m[i] as number)) / correction1 / (Math.sqrt(second / correction2) + eps);
    // the root halves the relative error of its argument
    return p + rate * decay * p + step * (1 + (v[i] as number) / second) + rate * l1;
  });
  return { next_param: nextParam, next_m: m, next_v: v };
}
