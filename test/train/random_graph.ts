/** Random graphs of every op that has a gradient, with branches and both kinds of batch norm, and data for them. */
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Attr, bindShape, type Graph, sizeOf } from "../../src/graph/graph.ts";
import { forActivations } from "../../src/ops/activation.ts";
import { addLoss } from "../../training/losses.ts";
import { trainingOps } from "../../training/ops/index.ts";
import type { Random } from "../../training/random.ts";

export const BATCH = 3;

/** Random data of a value. Inputs and weights keep away from the kinks of activations and from ties in max pools with probability 1. */
export function randomData(graph: Graph, name: string, random: Random): Float64Array {
  const { shape, dtype } = graph.values[name] as Graph["values"][string];
  const size = sizeOf(bindShape(shape, BATCH));
  if (dtype === "i32") return Float64Array.from({ length: size }, () => random.int(2));
  const positive = name.includes("var");
  return Float64Array.from({ length: size }, () => (positive ? 0.5 + random.uniform() : random.normal(0, 0.8)));
}

/** A graph under construction: where it stands, and points of the same shape to join with. */
export class Sketch {
  readonly builder = new GraphBuilder(trainingOps);
  readonly points: string[] = [];
  at: string;
  #count = 0;

  constructor(channels: number, size: number) {
    this.at = this.builder.input("image", ["N", channels, size, size]);
  }

  get shape(): readonly number[] {
    return this.builder.value(this.at).shape as readonly number[];
  }

  name(op: string): string {
    return `${op}_${++this.#count}`;
  }

  param(...shape: number[]): string {
    return this.builder.param(this.name("p"), shape);
  }

  to(op: string, inputs: Record<string, string | undefined>, attrs: Record<string, Attr> = {}): void {
    const outputs = this.builder.node(op, this.name(op), inputs, attrs);
    this.at = (outputs.y ?? Object.values(outputs)[0]) as string;
  }
}

type Grow = (sketch: Sketch, random: Random) => void;

/** One way to go on from a point [N, C, H, W] for every op; each keeps at least 2 × 2 pixels. */
export const growths: Readonly<Record<string, Grow>> = {
  conv2d(s, random) {
    const [, channels = 1, size = 1] = s.shape;
    const groups = channels % 2 === 0 && random.int(2) === 0 ? 2 : 1;
    const kernel = 1 + random.int(3);
    const dilation = size > 5 ? 1 + random.int(2) : 1;
    const w = s.param(2 + 2 * random.int(2), channels / groups, kernel, kernel);
    const bias = random.int(2) === 0 ? s.param(s.builder.value(w).shape[0] as number) : undefined;
    const attrs = { groups, dilation: [dilation, dilation], padding: [1, 1, 2, 1], stride: size > 6 ? [2, 1] : [1, 1] };
    s.to("conv2d", { x: s.at, w, bias }, attrs);
  },
  depthwise(s) {
    const channels = s.shape[1] as number;
    s.to("conv2d", { x: s.at, w: s.param(channels, 1, 3, 3) }, { groups: channels, padding: [1, 1, 1, 1] });
  },
  batch_norm(s) {
    const c = s.shape[1] as number;
    const state = (kind: string) => s.builder.state(s.name(kind), [c]);
    s.to("batch_norm", { x: s.at, gamma: s.param(c), beta: s.param(c), mean: state("mean"), var: state("var") });
  },
  batch_norm_train(s) {
    const c = s.shape[1] as number;
    const state = (kind: string) => s.builder.state(s.name(kind), [c]);
    s.to("batch_norm_train", { x: s.at, gamma: s.param(c), beta: s.param(c), running_mean: state("mean"), running_var: state("var") });
  },
  ...forActivations((name) => (s: Sketch, random: Random) => {
    s.to(name, { x: s.at, slope: random.int(3) > 0 ? s.param(s.shape[1] as number) : undefined });
  }),
  add(s, random) {
    const same = s.points.filter((point) => String(s.builder.value(point).shape) === String(s.shape));
    const other = same[random.int(Math.max(1, same.length))] ?? s.param(1, ...s.shape.slice(1));
    s.to("add", { a: s.at, b: other });
  },
  add_constant: (s) => s.to("add", { a: s.at, b: s.param(1, ...s.shape.slice(1)) }),
  mul(s, random) {
    const same = s.points.filter((point) => String(s.builder.value(point).shape) === String(s.shape));
    const other = same[random.int(Math.max(1, same.length))] ?? s.param(1, ...s.shape.slice(1));
    s.to("mul", { a: s.at, b: other });
  },
  mul_constant: (s) => s.to("mul", { a: s.at, b: s.param(1, ...s.shape.slice(1)) }),
  max_pool: (s) =>
    s.to("max_pool", { x: s.at }, { kernel: [2, 3], padding: [0, 1, 1, 1], stride: (s.shape[2] as number) > 6 ? [2, 2] : [1, 1] }),
  avg_pool(s, random) {
    const divisor = random.int(2) === 0 ? "window" : "pixels";
    s.to("avg_pool", { x: s.at }, { kernel: [3, 2], padding: [1, 1, 1, 0], stride: (s.shape[2] as number) > 6 ? [2, 1] : [1, 1], divisor });
  },
  reshape(s) {
    const [, c = 1, h = 1, w = 1] = s.shape;
    s.to("reshape", { x: s.at }, { shape: [c, w, h] });
  },
  concat(s) {
    const same = s.points.filter((point) => String(s.builder.value(point).shape.slice(2)) === String(s.shape.slice(2)));
    s.to("concat", { x0: s.at, x1: same.at(-1) ?? s.at, x2: s.at });
    if ((s.shape[1] as number) > 8) s.to("slice_channels", { x: s.at }, { start: 1, count: 6 });
  },
  pad_channels: (s) => s.to("pad_channels", { x: s.at }, { before: 1, after: 2 }),
  slice_channels(s) {
    const c = s.shape[1] as number;
    if (c > 2) s.to("slice_channels", { x: s.at }, { start: 1, count: c - 2 });
  },
  gather_channels(s, random) {
    const order = random.shuffle(Int32Array.from({ length: s.shape[1] as number }, (_, i) => i));
    s.to("gather_channels", { x: s.at }, { index: [...order.subarray(0, Math.max(1, order.length - 1))] });
  },
  scatter_add_channels(s, random) {
    const [, c = 1, ...size] = s.shape;
    const order = random.shuffle(Int32Array.from({ length: c + 2 }, (_, i) => i));
    const base = [undefined, s.param(1, c + 2, ...size)][random.int(2)];
    s.to("scatter_add_channels", { x: s.at, base }, { index: [...order.subarray(0, c)], channels: c + 2 });
  },
};

/** Ends a sketch in two classes and a loss; `softmax`: through a softmax on the way. */
export function finish(s: Sketch, random: Random): { graph: Graph; wrt: string[] } {
  if (random.int(2) === 0) s.to("global_avg_pool", { x: s.at });
  s.to("flatten", { x: s.at });
  s.to("linear", { x: s.at, w: s.param(4, s.shape[1] as number), bias: s.param(4) });
  if (random.int(2) === 0) s.to("softmax", { x: s.at });
  s.to("linear", { x: s.at, w: s.param(2, 4) });
  addLoss(s.builder, s.at, random.int(2) * 0.1);
  s.builder.output("loss");
  const built = s.builder.build();
  // parameters that random growth has left unread have no gradient
  const read = new Set(built.nodes.flatMap((node) => Object.values(node.inputs)));
  const wrt = [
    "image",
    ...Object.values(built.values)
      .filter((value) => value.role === "param" && read.has(value.name))
      .map((value) => value.name),
  ];
  return { graph: built, wrt };
}

/** A graph of so many random steps, grown from `choices` (any integers). */
export function randomGraph(random: Random, choices: readonly number[]): { graph: Graph; wrt: string[] } {
  const steps = Object.values(growths);
  const sketch = new Sketch(3, 5);
  for (const choice of choices) {
    sketch.points.push(sketch.at);
    steps[choice % steps.length]?.(sketch, random);
  }
  return finish(sketch, random);
}

/** Data of everything that the graph is given or keeps, but for the gradients and totals that it writes itself. */
export function randomTensors(
  graph: Graph,
  random: Random,
): { tensors: Record<string, Float64Array>; inputs: Record<string, Float64Array> } {
  const stored = (role: string) =>
    Object.values(graph.values).filter((value) => value.role === role && value.name !== "totals" && !value.name.startsWith("gradients"));
  const tensors: Record<string, Float64Array> = {};
  for (const { name } of [...stored("param"), ...stored("state")]) tensors[name] = randomData(graph, name, random);
  return { tensors, inputs: Object.fromEntries(graph.inputs.map((name) => [name, randomData(graph, name, random)])) };
}
