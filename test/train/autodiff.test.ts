/** Whole graphs against finite differences: the reference in float64, every differentiable op, branches, both kinds of batch norm. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GraphError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Attr, Graph } from "../../src/graph/graph.ts";
import { bindShape, sizeOf } from "../../src/graph/graph.ts";
import { forActivations } from "../../src/ops/activation.ts";
import type { ExactTensors } from "../../src/reference/index.ts";
import { differentiate } from "../../training/autodiff.ts";
import { gradients } from "../../training/gradients/index.ts";
import { addLoss } from "../../training/losses.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { Random } from "../../training/random.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";

const BATCH = 3;
const STEP = 1e-5;

/** Random data of a value. Inputs and weights keep away from the kinks of activations and from ties in max pools with probability 1. */
function randomData(graph: Graph, name: string, random: Random): Float64Array {
  const { shape, dtype } = graph.values[name] as Graph["values"][string];
  const size = sizeOf(bindShape(shape, BATCH));
  if (dtype === "i32") return Float64Array.from({ length: size }, () => random.int(2));
  const positive = name.includes("var");
  return Float64Array.from({ length: size }, () => (positive ? 0.5 + random.uniform() : random.normal(0, 0.8)));
}

/** The largest difference between the gradients of `wrt` and central differences of the loss, over the largest gradient. */
function worstError(graph: Graph, loss: string, wrt: readonly string[], seed: number): number {
  const random = new Random(seed);
  const stored = (role: string) =>
    Object.values(graph.values).filter((value) => value.role === role && value.name !== "totals" && !value.name.startsWith("gradients"));
  const tensors: Record<string, Float64Array> = {};
  for (const { name } of [...stored("param"), ...stored("state")]) tensors[name] = randomData(graph, name, random);
  const inputs: Record<string, Float64Array> = Object.fromEntries(graph.inputs.map((name) => [name, randomData(graph, name, random)]));

  const { graph: backward, gradients } = differentiate(graph, { loss, wrt });
  const backend = referenceTrainingBackend();
  const exact = backend.compileExact(backward, tensors as ExactTensors).runExact(inputs, Object.values(gradients));
  const lossAt = (): number => backend.compileExact(graph, tensors).runExact(inputs, [loss])[loss]?.[0] as number;

  let worst = 0;
  let scale = 1e-3;
  for (const name of wrt) {
    const data = (tensors[name] ?? inputs[name]) as Float64Array;
    const gradient = exact[gradients[name] as string] as Float64Array;
    expect(gradient.length, name).toBe(data.length);
    for (let tries = 0; tries < 4; tries++) {
      const i = random.int(data.length);
      const kept = data[i] as number;
      data[i] = kept + STEP;
      const above = lossAt();
      data[i] = kept - STEP;
      const below = lossAt();
      data[i] = kept;
      const slope = (above - below) / (2 * STEP);
      worst = Math.max(worst, Math.abs(slope - (gradient[i] as number)));
      scale = Math.max(scale, Math.abs(slope));
    }
  }
  return worst / scale;
}

/** A graph under construction: where it stands, and points of the same shape to join with. */
class Sketch {
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
const growths: Readonly<Record<string, Grow>> = {
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
function finish(s: Sketch, random: Random): { graph: Graph; wrt: string[] } {
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

describe("differentiate", () => {
  it.each(Object.entries(growths))("agrees with finite differences: %s", (_, grow) => {
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const sketch = new Sketch(4, 6);
      sketch.points.push(sketch.at);
      growths.conv2d?.(sketch, random);
      sketch.points.push(sketch.at);
      grow(sketch, random);
      const { graph, wrt } = finish(sketch, random);
      expect(worstError(graph, "loss", wrt, seed)).toBeLessThan(1e-6);
    }
  });

  it("every op that has a gradient is among them", () => {
    const ending = ["flatten", "global_avg_pool", "linear", "softmax", "cross_entropy"];
    const rules = Object.entries(gradients).flatMap(([op, rule]) => (typeof rule === "function" ? [op] : []));
    expect(rules.filter((op) => !ending.includes(op) && !Object.hasOwn(growths, op))).toEqual([]);
  });

  it("agrees with finite differences on random graphs with branches", () => {
    const ops = Object.values(growths);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.array(fc.nat(ops.length - 1), { minLength: 2, maxLength: 7 }),
        (seed, choices) => {
          const random = new Random(seed);
          const sketch = new Sketch(3, 5);
          for (const choice of choices) {
            sketch.points.push(sketch.at);
            ops[choice]?.(sketch, random);
          }
          const { graph, wrt } = finish(sketch, random);
          expect(worstError(graph, "loss", wrt, seed)).toBeLessThan(1e-5);
        },
      ),
      { numRuns: 40, seed: 20 },
    );
  });

  it("makes only the gradients that are wanted", () => {
    const { graph, wrt } = convNet();
    const backward = differentiate(graph, { loss: "loss", wrt });
    expect(backward.graph.nodes.map((node) => node.name)).toContain("conv.dw");
    expect(backward.graph.nodes.map((node) => node.name)).not.toContain("conv.dx");
    const forInput = differentiate(graph, { loss: "loss", wrt: ["image"] });
    expect(forInput.graph.nodes.map((node) => node.name)).toContain("conv.dx");
    expect(forInput.graph.nodes.map((node) => node.name)).not.toContain("conv.dw");
  });

  it("writes gradients into views, copying those that share memory", () => {
    const builder = new GraphBuilder(trainingOps);
    const image = builder.input("image", ["N", 2]);
    const p = builder.param("p", [1, 2]);
    const q = builder.param("q", [1, 2]);
    // p and q get the very same gradient; r's arrives through a reshape
    const sum = builder.add("add", "sum", { a: p, b: q });
    const shifted = builder.add("add", "shifted", { a: image, b: sum });
    const r = builder.param("r", [1, 1, 2, 1]);
    const flat = builder.add("flatten", "flat", { x: r });
    addLoss(builder, builder.add("mul", "logits", { a: shifted, b: flat }));
    builder.state("block", [192]);
    const wrt = ["p", "q", "r"];
    const views = Object.fromEntries(wrt.map((name, i) => [name, { of: "block", offset: 64 * i }]));
    const placed = differentiate(builder.build(), { loss: "loss", wrt, gradientViews: views });
    const free = differentiate(builder.build(), { loss: "loss", wrt });
    const tensors = { p: Float64Array.of(1, 2), q: Float64Array.of(0.5, -1), r: Float64Array.of(2, 3) };
    const inputs = { image: Float64Array.of(1, -1, 0, 2), labels: Float64Array.of(0, 1) };
    const backend = referenceTrainingBackend();
    const expected = backend.compileExact(free.graph, tensors).runExact(inputs, Object.values(free.gradients));
    const executable = backend.compileExact(placed.graph, tensors);
    executable.runExact(inputs);
    const block = executable.readExact("block");
    wrt.forEach((name, i) => {
      expect([...block.subarray(64 * i, 64 * i + 2)], name).toEqual([...(expected[free.gradients[name] as string] as Float64Array)]);
      expect(block.subarray(64 * i + 2, 64 * i + 64).every((x) => x === 0)).toBe(true);
    });
  });

  it("says what cannot be differentiated", () => {
    const { graph } = convNet();
    const fails = (options: Parameters<typeof differentiate>[1], message: RegExp) => {
      expect(() => differentiate(graph, options)).toThrow(GraphError);
      expect(() => differentiate(graph, options)).toThrow(message);
    };
    fails({ loss: "logits", wrt: ["w"] }, /loss "logits" has shape \[N, 2\]/);
    fails({ loss: "nothing", wrt: ["w"] }, /no value of the graph/);
    fails({ loss: "loss", wrt: ["v"] }, /no value "v"/);
    fails({ loss: "loss", wrt: ["unread"] }, /"loss" does not depend on "unread"/);
    fails({ loss: "loss", wrt: ["labels"] }, /no gradient for labels "labels"/);
    fails({ loss: "loss", wrt: ["w"], gradientViews: { unread: { of: "w", offset: 0 } } }, /not in wrt/);
    const fused: Graph = {
      ...graph,
      nodes: graph.nodes.map((node) => (node.op === "conv2d" ? { ...node, attrs: { activation: "relu" } } : node)),
    };
    expect(() => differentiate(fused, { loss: "loss", wrt: ["w"] })).toThrow(
      /conv2d "conv" has a fused activation relu: differentiate the graph before fusing/,
    );
  });
});

function convNet(): { graph: Graph; wrt: string[] } {
  const builder = new GraphBuilder(trainingOps);
  const image = builder.input("image", ["N", 1, 3, 3]);
  builder.param("unread", [3]);
  const conv = builder.add("conv2d", "conv", { x: image, w: builder.param("w", [2, 1, 3, 3]), bias: builder.param("bias", [2]) });
  addLoss(builder, builder.add("flatten", "logits", { x: conv }));
  builder.output("loss");
  return { graph: builder.build(), wrt: ["w", "bias"] };
}
