/** Each gradient op against finite differences of its forward op, both in float64 on the reference. */
import { describe, expect, it } from "vitest";
import { activationNames } from "../../src/ops/activation.ts";
import { ops } from "../../src/ops/index.ts";
import { gradientOps } from "../../training/ops/index.ts";
import { referenceTrainingBackend } from "../../training/reference/index.ts";
import { apply, type Tensor } from "./apply.ts";
import { type OpCase, type Values, valuesOf } from "./case.ts";
import { type ConvGeometry, convAttrsOf, convGeometries } from "./conv2d.geometries.ts";
import { expectGradient, numericalGradient } from "./finite_differences.ts";
import { oneNode } from "./one_node.ts";
import { type PoolGeometry, poolAttrsOf, poolGeometries } from "./pool.cases.ts";

/** Inputs and outputs of the forward op by slot, and `dy`. */
type Get = (slot: string) => Tensor;

interface Check {
  readonly forward: Omit<OpCase, "name">;
  readonly name?: string;
  /** The gradient of Σ y·dy with respect to each input slot, made of ops. */
  readonly gradients: Readonly<Record<string, (get: Get) => Tensor>>;
}

function pick(get: Get, ...slots: string[]): Record<string, Tensor> {
  return Object.fromEntries(slots.map((slot) => [slot, get(slot)]));
}

const size = (tensor: Tensor): readonly number[] => tensor.shape.slice(2);
const channels = (tensor: Tensor): number => tensor.shape[1] as number;

const SOME_CONVOLUTIONS = [
  "3x3 without padding",
  "1x1 stride 2",
  "3x3 stride 2, last row and column unread",
  "padding of four sizes",
  "padding larger than the window",
  "dilation 2",
  "2 groups, stride 2",
  "depthwise stride 2",
  "depthwise with two filters a channel",
];

const convolution = (geometry: ConvGeometry): Check => {
  const attrs = convAttrsOf(geometry);
  const [examples, ...image] = geometry.x;
  return {
    name: geometry.name,
    // two examples show as much as three, in less time
    forward: { op: "conv2d", attrs, shapes: { x: [Math.min(2, examples), ...image], w: geometry.w, bias: [geometry.w[0]] } },
    gradients: {
      x: (get) => apply("conv2d_dx", pick(get, "w", "dy"), { ...attrs, size: size(get("x")) })("dx"),
      w: (get) => apply("conv2d_dw", pick(get, "x", "dy"), { ...attrs, kernel: size(get("w")) })("dw"),
      bias: (get) => apply("channel_sum", { x: get("dy") })("y"),
    },
  };
};

const linear: Check = {
  forward: { op: "linear", shapes: { x: [3, 5], w: [7, 5], bias: [7] } },
  gradients: {
    x: (get) => apply("linear_dx", pick(get, "w", "dy"))("dx"),
    w: (get) => apply("linear_dw", pick(get, "x", "dy"))("dw"),
    bias: (get) => apply("channel_sum", { x: get("dy") })("y"),
  },
};

/** No input nearer to a kink than a thousand steps of the differences. */
const OFF_KINKS: Values = { kind: "among", values: [-3.125, -0.75, 0.375, 2.875, 5.25, 6.5] };

const activations = activationNames.flatMap((op) =>
  [
    [3, 5, 3, 2],
    [3, 7],
  ].map((x): Check => {
    const grad = (get: Get) => apply("activation_grad", pick(get, "x", "dy", "slope"), { fn: op }, ["dx", "dslope"]);
    return {
      name: x.join("x"),
      forward: { op, shapes: { x, slope: [x[1] as number] }, values: { x: OFF_KINKS } },
      gradients: { x: (get) => grad(get)("dx"), slope: (get) => grad(get)("dslope") },
    };
  }),
);

const plainActivations = activationNames.map(
  (op): Check => ({
    name: "without slope",
    forward: { op, shapes: { x: [3, 5, 3, 2] }, values: { x: OFF_KINKS } },
    gradients: { x: (get) => apply("activation_grad", pick(get, "x", "dy"), { fn: op })("dx") },
  }),
);

const POSITIVE: Values = { kind: "uniform", low: 0.25, high: 2 };

const batchNorms = [
  [3, 5, 3, 2],
  [7, 3],
].flatMap((x): Check[] => {
  const perChannel = [x[1] as number];
  const attrs = { eps: 0.01 };
  const grad = (get: Get, frozen: boolean) => apply("batch_norm_grad", pick(get, "x", "dy", "gamma", "mean", "var"), { ...attrs, frozen });
  const of = (frozen: boolean): Check["gradients"] => ({
    x: (get) => grad(get, frozen)("dx"),
    gamma: (get) => grad(get, frozen)("dgamma"),
    beta: (get) => grad(get, frozen)("dbeta"),
  });
  return [
    {
      name: `frozen, ${x.join("x")}`,
      forward: {
        op: "batch_norm",
        attrs,
        shapes: { x, gamma: perChannel, beta: perChannel, mean: perChannel, var: perChannel },
        values: { var: POSITIVE },
      },
      gradients: of(true),
    },
    {
      name: x.join("x"),
      forward: {
        op: "batch_norm_train",
        attrs,
        shapes: { x, gamma: perChannel, beta: perChannel, running_mean: perChannel, running_var: perChannel },
        values: { running_var: POSITIVE },
      },
      gradients: of(false),
    },
  ];
});

const elementwise = [3, 1].flatMap((rows): Check[] => {
  const shapes = { a: [3, 5, 2, 2], b: [rows, 5, 2, 2] };
  const toB = (gradient: Tensor): Tensor => (rows === 1 ? apply("batch_sum", { x: gradient })("y") : gradient);
  return [
    { name: `b of ${rows}`, forward: { op: "add", shapes }, gradients: { a: (get) => get("dy"), b: (get) => toB(get("dy")) } },
    {
      name: `b of ${rows}`,
      forward: { op: "mul", shapes },
      gradients: {
        a: (get) => apply("mul", { a: get("dy"), b: get("b") })("y"),
        b: (get) => toB(apply("mul", { a: get("dy"), b: get("a") })("y")),
      },
    },
  ];
});

const SOME_POOLS = [
  "2x2 stride 2, last row and column unread",
  "padding of four sizes",
  "padding at bottom and right",
  "5x3 stride 1 by 2",
  "stride larger than the window",
];

const pools = (geometry: PoolGeometry): Check[] => {
  const { name } = geometry;
  const shapes = { x: geometry.x };
  const attrs = poolAttrsOf(geometry);
  return [
    {
      name,
      forward: { op: "max_pool", attrs, shapes, values: { x: { kind: "distinct" } } },
      gradients: { x: (get) => apply("max_pool_dx", pick(get, "x", "dy"), attrs)("dx") },
    },
    ...["window", "pixels"].map(
      (divisor): Check => ({
        name: `${name}, divided by ${divisor}`,
        forward: { op: "avg_pool", attrs: { ...attrs, divisor }, shapes },
        gradients: { x: (get) => apply("avg_pool_dx", pick(get, "dy"), { ...attrs, divisor, size: size(get("x")) })("dx") },
      }),
    ),
  ];
};

const globalAvgPool: Check = {
  forward: { op: "global_avg_pool", shapes: { x: [3, 5, 3, 2] } },
  gradients: { x: (get) => apply("global_avg_pool_dx", pick(get, "dy"), { size: size(get("x")) })("dx") },
};

/** The part of dy that belongs to an input of concat. */
const part = (get: Get, slot: string, start: number) =>
  apply("slice_channels", { x: get("dy") }, { start, count: channels(get(slot)) })("y");

const INDEX = [4, 0, 3];

const channelOps: readonly Check[] = [
  {
    forward: { op: "concat", shapes: { x0: [3, 2, 2, 2], x1: [3, 1, 2, 2], x2: [3, 4, 2, 2] } },
    gradients: { x0: (get) => part(get, "x0", 0), x1: (get) => part(get, "x1", 2), x2: (get) => part(get, "x2", 3) },
  },
  {
    forward: { op: "pad_channels", attrs: { before: 2, after: 1 }, shapes: { x: [3, 4, 2, 2] } },
    gradients: { x: (get) => part(get, "x", 2) },
  },
  {
    forward: { op: "slice_channels", attrs: { start: 1, count: 3 }, shapes: { x: [3, 5, 2, 2] } },
    gradients: { x: (get) => apply("pad_channels", { x: get("dy") }, { before: 1, after: 1 })("y") },
  },
  {
    forward: { op: "gather_channels", attrs: { index: INDEX }, shapes: { x: [3, 5, 2, 2] } },
    gradients: { x: (get) => apply("scatter_add_channels", { x: get("dy") }, { index: INDEX, channels: 5 })("y") },
  },
  ...[3, 1].map(
    (rows): Check => ({
      name: `base of ${rows}`,
      forward: {
        op: "scatter_add_channels",
        attrs: { index: INDEX, channels: 5 },
        shapes: { x: [3, 3, 2, 2], base: [rows, 5, 2, 2] },
      },
      gradients: {
        x: (get) => apply("gather_channels", { x: get("dy") }, { index: INDEX })("y"),
        base: (get) => (rows === 1 ? apply("batch_sum", { x: get("dy") })("y") : get("dy")),
      },
    }),
  ),
  {
    forward: { op: "flatten", shapes: { x: [3, 5, 2, 2] } },
    gradients: { x: (get) => apply("reshape", { x: get("dy") }, { shape: [5, 2, 2] })("y") },
  },
  {
    forward: { op: "reshape", attrs: { shape: [2, 10] }, shapes: { x: [3, 5, 2, 2] } },
    gradients: { x: (get) => apply("reshape", { x: get("dy") }, { shape: [5, 2, 2] })("y") },
  },
];

const losses: readonly Check[] = [
  { forward: { op: "softmax", shapes: { x: [3, 5] } }, gradients: { x: (get) => apply("softmax_dx", pick(get, "y", "dy"))("dx") } },
  ...[0, 0.1].map((label_smoothing): Check => {
    const attrs = { label_smoothing };
    return {
      name: `smoothing ${label_smoothing}`,
      forward: { op: "cross_entropy", attrs, shapes: { logits: [5, 7], labels: [5] }, values: { labels: { kind: "labels", classes: 7 } } },
      gradients: { logits: (get) => apply("cross_entropy_dx", pick(get, "logits", "labels", "dy"), attrs)("dx") },
    };
  }),
];

const checks: readonly Check[] = [
  ...convGeometries.filter(({ name }) => SOME_CONVOLUTIONS.includes(name)).map(convolution),
  linear,
  ...activations,
  ...plainActivations,
  ...batchNorms,
  ...elementwise,
  ...poolGeometries.filter(({ name }) => SOME_POOLS.includes(name)).flatMap(pools),
  globalAvgPool,
  ...channelOps,
  ...losses,
];

const rows = checks.flatMap((check) =>
  Object.entries(check.gradients).map(
    ([slot, gradient]) => [`${check.forward.op}${check.name ? `, ${check.name}` : ""}: ${slot}`, check.forward, slot, gradient] as const,
  ),
);

describe("gradients against finite differences", () => {
  it("covers every forward op", () => {
    const forward = [...Object.keys(ops), "batch_norm_train", "cross_entropy"];
    expect(forward.filter((op) => !checks.some((check) => check.forward.op === op))).toEqual([]);
    expect(Object.keys(gradientOps)).toEqual(expect.arrayContaining(["batch_norm_train", "cross_entropy"]));
    expect(SOME_CONVOLUTIONS.length + SOME_POOLS.length).toBe(
      convGeometries.filter(({ name }) => SOME_CONVOLUTIONS.includes(name)).length +
        poolGeometries.filter(({ name }) => SOME_POOLS.includes(name)).length,
    );
  });

  it.each(rows)("%s", (name, forward, slot, gradient) => {
    const testCase: OpCase = { ...forward, name };
    const inputs = Object.fromEntries(
      Object.entries(forward.shapes).map(([input, shape]) => [input, { shape, data: valuesOf(testCase, input) }]),
    );
    const outputs = apply(forward.op, inputs, forward.attrs);
    const y = outputs("y");
    const dy: Tensor = { shape: y.shape, data: valuesOf({ ...testCase, shapes: { dy: y.shape }, values: {} }, "dy") };
    const f = weightedOutput(testCase, slot, dy.data);
    const numerical = numericalGradient(f, (inputs[slot] as Tensor).data);
    const analytic = gradient((other) => (other === "dy" ? dy : (inputs[other] ?? outputs(other))));
    expect(analytic.shape, "shape of the gradient").toEqual(forward.shapes[slot]);
    expectGradient(name, analytic.data, numerical);
  });
});

/** Σ y·dy as a function of one input of the op, compiled once for all its calls. */
function weightedOutput(testCase: OpCase, slot: string, dy: Float64Array): (data: Float64Array) => number {
  const { graph, inputs, tensors, outputs } = oneNode(testCase);
  const executable = referenceTrainingBackend().compileExact(graph, tensors);
  const name = outputs.y as string;
  return (data) => {
    if (Object.hasOwn(tensors, slot)) executable.writeExact(slot, data);
    const y = executable.runExact(Object.hasOwn(inputs, slot) ? { ...inputs, [slot]: data } : inputs, [name])[name] as Float64Array;
    return y.reduce((sum, value, i) => sum + value * (dy[i] as number), 0);
  };
}
