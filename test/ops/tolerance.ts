/**
 * How far a float32 backend may be from the float64 reference: `k · (ε · magnitude + η)` for each output element, one formula for all ops.
 *
 * ε is float32's spacing at 1, η its smallest normal number (results below it may be flushed to zero), and the magnitude is what the element
 * would be if nothing cancelled: `Σ|x||w|` for a convolution. Where an op is a sum of products, that is the reference run on absolute values;
 * other ops say theirs (magnitudes.ts). k stands for the kernel: how many roundings lie one on top of another in the worst element, 0 for ops that only move
 * numbers. A new kernel that rounds more (Winograd, float16) gets a larger k here, with a word on why.
 */
import type { TrainingOpName } from "../../training/ops/index.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import type { OpCase } from "./case.ts";
import {
  absolute,
  activationGrad,
  adam,
  batchNormGrad,
  batchNormTrain,
  crossEntropy,
  crossEntropyDx,
  type Magnitude,
  type Slots,
  sgd,
  softmax,
  softmaxDx,
} from "./magnitudes.ts";
import { type OneNode, oneNode } from "./one_node.ts";

const EPSILON = 2 ** -23;
const SMALLEST = 2 ** -126;

interface Rule {
  readonly k: number;
  readonly magnitude: Magnitude;
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
  softmax: { k: 2, magnitude: softmax },
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
  conv2d_winograd42: 20,
  conv2d_dx_winograd42: 20,
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
