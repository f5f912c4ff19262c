/**
 * How far a float32 backend may be from the float64 reference: `k · (ε · magnitude + η)` for each output element, one formula for all ops.
 *
 * ε is float32's spacing at 1, η its smallest normal number (results below it may be flushed to zero), and the magnitude is what the element
 * would be if nothing cancelled: `Σ|x||w|` for a convolution. Where an op is a sum of products, that is the reference run on absolute values;
 * other ops say theirs. k stands for the kernel: how many roundings lie one on top of another in the worst element, 0 for ops that only move
 * numbers. A new kernel that rounds more (Winograd, float16) gets a larger k here, with a word on why.
 */
import { type Activation, channelView } from "../../src/ops/activation.ts";
import { activations } from "../../src/reference/activation.ts";
import type { TrainingOpName } from "../../training/ops/index.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import type { OpCase } from "./case.ts";
import { type OneNode, oneNode } from "./one_node.ts";

const EPSILON = 2 ** -23;
const SMALLEST = 2 ** -126;

type Slots = Readonly<Record<string, Float64Array>>;

interface MagnitudeIo {
  readonly testCase: OpCase;
  /** Inputs and the reference's outputs by slot. */
  readonly data: Slots;
  /** The reference's outputs for other inputs. */
  run(inputs: Slots): Slots;
}

interface Rule {
  readonly k: number;
  readonly magnitude: (io: MagnitudeIo) => Slots;
}

/** The reference with the absolute values of some slots (their negatives for slots after a `-`). */
function absolute(...slots: string[]): Rule["magnitude"] {
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

const exactly: Rule = { k: 0, magnitude: absolute() };

const rules: Readonly<Record<TrainingOpName, Rule>> = {
  conv2d: { k: 4, magnitude: absolute("x", "w", "bias", "slope", "residual") },
  conv2d_dx: { k: 4, magnitude: absolute("w", "dy") },
  conv2d_dw: { k: 4, magnitude: absolute("x", "dy") },
  linear: { k: 4, magnitude: absolute("x", "w", "bias", "slope", "residual") },
  linear_dx: { k: 4, magnitude: absolute("w", "dy") },
  linear_dw: { k: 4, magnitude: absolute("x", "dy") },
  batch_norm: { k: 3, magnitude: absolute("x", "gamma", "beta", "-mean") },
  batch_norm_train: { k: 2, magnitude: batchNormTrain },
  batch_norm_grad: { k: 4, magnitude: batchNormGrad },
  relu: { k: 1, magnitude: absolute("slope") },
  relu6: { k: 1, magnitude: absolute("slope") },
  activation_grad: { k: 2, magnitude: activationGrad },
  add: { k: 1, magnitude: absolute("a", "b") },
  mul: { k: 1, magnitude: absolute("a", "b") },
  max_pool: exactly,
  max_pool_dx: { k: 2, magnitude: absolute("dy") },
  avg_pool: { k: 3, magnitude: absolute("x") },
  avg_pool_dx: { k: 3, magnitude: absolute("dy") },
  global_avg_pool: { k: 2, magnitude: absolute("x") },
  global_avg_pool_dx: { k: 1, magnitude: absolute("dy") },
  flatten: exactly,
  reshape: exactly,
  concat: exactly,
  pad_channels: exactly,
  slice_channels: exactly,
  gather_channels: exactly,
  scatter_add_channels: { k: 1, magnitude: absolute("x", "base") },
  channel_sum: { k: 2, magnitude: absolute("x") },
  batch_sum: { k: 2, magnitude: absolute("x") },
  softmax: { k: 2, magnitude: ({ testCase, data }) => ({ y: eachRow(testCase, data, "x", softmaxRow) }) },
  softmax_dx: { k: 2, magnitude: softmaxDx },
  cross_entropy: { k: 2, magnitude: crossEntropy },
  cross_entropy_dx: { k: 2, magnitude: crossEntropyDx },
  tally: { k: 1, magnitude: absolute("loss", "totals") },
  fill: { k: 1, magnitude: absolute() },
  sgd: { k: 3, magnitude: sgd },
  adam: { k: 3, magnitude: adam },
};

/** Another k for kernels of an op that round more than its others, by the kernel's name. */
const kernels: Readonly<Record<string, number>> = {
  // sums of a tile's pixels round before they are multiplied, and an output sees the rounding of its whole tile
  conv2d_winograd2: 8,
  conv2d_dx_winograd2: 8,
  // the same with factors up to 2.5 forth and 2.8 back
  conv2d_winograd4: 40,
  conv2d_dx_winograd4: 40,
  // and again, but over sums of many tiles, of which each rounds by itself
  conv2d_dw_winograd: 10,
};

/** k of a kernel if it is another than its op's. */
export const kOfKernel = (kernel: string): number | undefined => kernels[kernel];

export interface Oracle {
  /** The node with its data rounded to float32, which is what backend and reference are both given. */
  readonly node: OneNode;
  /** The reference's outputs by slot. */
  readonly expected: Slots;
  /** How far a backend's may be from them; another `k` than the table's if it is given. */
  bounds(k?: number): Slots;
}

const oracles = new WeakMap<OpCase, Oracle>();

/** What a case should give. Computed once, however many backends ask. */
export function oracleOf(testCase: OpCase): Oracle {
  const known = oracles.get(testCase);
  if (known) return known;
  const node = asFloat32(oneNode(testCase));
  const expected = runReference(testCase, { ...node.inputs, ...node.tensors });
  const rule = rules[testCase.op];
  const magnitudes = rule.magnitude({
    testCase,
    data: { ...node.inputs, ...node.tensors, ...expected },
    run: (inputs) => runReference(withoutFunction(testCase), inputs),
  });
  const bound = (slot: string, k: number) =>
    (magnitudes[slot] as Float64Array).map((magnitude) => k * (EPSILON * Math.abs(magnitude) + SMALLEST));
  const oracle: Oracle = {
    node,
    expected,
    bounds: (k = rule.k) => Object.fromEntries(Object.keys(expected).map((slot) => [slot, bound(slot, k)])),
  };
  oracles.set(testCase, oracle);
  return oracle;
}

function asFloat32(node: OneNode): OneNode {
  const round = (data: Slots): Slots => Object.fromEntries(Object.entries(data).map(([name, values]) => [name, values.map(Math.fround)]));
  return { ...node, inputs: round(node.inputs), tensors: round(node.tensors) };
}

/** What an epilogue's function makes of absolute values is not how large the sum before it was. */
function withoutFunction(testCase: OpCase): OpCase {
  return testCase.attrs?.activation ? { ...testCase, attrs: { ...testCase.attrs, activation: "none" } } : testCase;
}

/** The reference's outputs by slot for the given inputs by slot. */
function runReference(testCase: OpCase, data: Slots): Slots {
  const { graph, inputs, tensors, outputs } = oneNode(testCase);
  const pick = (of: Slots): Slots => Object.fromEntries(Object.keys(of).map((slot) => [slot, data[slot] as Float64Array]));
  const results = referenceTrainingBackend().compileExact(graph, pick(tensors)).runExact(pick(inputs));
  return Object.fromEntries(Object.entries(outputs).map(([slot, name]) => [slot, results[name] as Float64Array]));
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

function softmaxDx({ testCase, data }: MagnitudeIo): Slots {
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
function crossEntropy({ testCase, data }: MagnitudeIo): Slots {
  const rows = eachRow(testCase, data, "logits", (row, n) => {
    const largest = Math.max(...row);
    const logOfSum = Math.log(sum(row.map((x) => Math.exp(x - largest))));
    const targets = sum(row.map((x, k) => target(testCase, data, n, k, row.length) * Math.abs(x)));
    return Float64Array.of(Math.abs(largest) + logOfSum + sum(softmaxRow(row)) + targets);
  });
  return { y: Float64Array.of(sum(rows) / rows.length) };
}

function crossEntropyDx({ testCase, data }: MagnitudeIo): Slots {
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
function activationGrad({ testCase, data }: MagnitudeIo): Slots {
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

function batchNormTrain({ testCase, data }: MagnitudeIo): Slots {
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

function batchNormGrad(io: MagnitudeIo): Slots {
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

function sgd({ testCase, data }: MagnitudeIo): Slots {
  const [rate = 0, momentum = 0, decay = 0, l1 = 0] = data.hyper as Float64Array;
  const param = (data.param as Float64Array).map(Math.abs);
  const g = (data.grad as Float64Array).map((value, i) => Math.abs(value) + decay * (param[i] as number) + l1);
  const v = (data.velocity as Float64Array).map((value, i) => momentum * Math.abs(value) + (g[i] as number));
  const step = testCase.attrs?.nesterov ? v.map((value, i) => (g[i] as number) + momentum * value) : v;
  return { next_param: param.map((p, i) => p + rate * (step[i] as number) + rate * l1), next_velocity: v };
}

function adam({ testCase, data }: MagnitudeIo): Slots {
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
