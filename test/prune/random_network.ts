/** Random small networks of every op, with float64 numbers, and random survivors for them. Equal seeds give equal networks. */
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Attr, type Dim, sizeOf } from "../../src/graph/graph.ts";
import { activationNames } from "../../src/ops/activation.ts";
import { ops } from "../../src/ops/index.ts";
import { windowOutput } from "../../src/ops/window.ts";
import type { Network } from "../../src/passes/network.ts";
import { type Survivors, sitesOf } from "../../training/prune/survivors.ts";
import type { Random } from "../../training/random.ts";

const BLOCKS = [
  "plain",
  "plain",
  "post",
  "pre",
  "shortcut",
  "concat",
  "depthwise",
  "grouped",
  "pool",
  "route",
  "product",
  "constant",
  "reshape",
  "stream",
] as const;

class Grower {
  readonly builder = new GraphBuilder(ops);
  readonly tensors: Record<string, Float64Array> = {};
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#random.int(list.length)] as T;
  }

  chance(p: number): boolean {
    return this.#random.uniform() < p;
  }

  int(from: number, to: number): number {
    return from + this.#random.int(to - from + 1);
  }

  shape(value: string): readonly Dim[] {
    return this.builder.value(value).shape;
  }

  channels(value: string): number {
    return this.shape(value)[1] as number;
  }

  node(op: string, inputs: Record<string, string | undefined>, attrs: Record<string, Attr> = {}): string {
    return this.builder.add(op, this.builder.fresh(op), inputs, attrs);
  }

  tensor(kind: string, shape: number[], draw: () => number, role: "param" | "state" = "param"): string {
    const name = this.builder.fresh(kind);
    this.tensors[name] = Float64Array.from({ length: sizeOf(shape) }, draw);
    return this.builder[role](name, shape);
  }

  normal(kind: string, shape: number[], std = 1): string {
    return this.tensor(kind, shape, () => this.#random.normal(0, std));
  }

  conv(x: string, filters: number, options: { groups?: number; stride?: number; same?: boolean } = {}): string {
    const { groups = 1, stride = 1, same = false } = options;
    const size = this.shape(x).slice(2) as number[];
    const kernel = same ? [3, 3] : [this.int(1, 3), this.int(1, 3)];
    const dilation = same ? [1, 1] : [this.int(1, 2), 1];
    let padding = same ? [1, 1, 1, 1] : [this.int(0, 2), this.int(0, 2), this.int(0, 2), this.int(0, 2)];
    if (Math.min(...windowOutput(size, kernel, { stride: [stride, stride], padding, dilation })) < 1) padding = [2, 2, 2, 2];
    const perGroup = this.channels(x) / groups;
    const w = this.normal("w", [filters, perGroup, ...kernel], 1 / Math.sqrt(perGroup * sizeOf(kernel)));
    const bias = this.chance(0.4) ? this.normal("bias", [filters]) : undefined;
    return this.node("conv2d", { x, w, bias }, { stride: [stride, stride], padding, dilation, groups });
  }

  batchNorm(x: string): string {
    const c = [this.channels(x)];
    const gamma = this.tensor("gamma", c, () => (this.chance(0.05) ? 0 : this.#random.normal(0, 1)));
    const mean = this.tensor("mean", c, () => this.#random.normal(0, 0.5), "state");
    const variance = this.tensor("var", c, () => 0.5 + this.#random.uniform(), "state");
    return this.node("batch_norm", { x, gamma, beta: this.normal("beta", c), mean, var: variance });
  }

  act(x: string): string {
    const zeros = this.chance(0.2) ? 0.2 : 0;
    const slope = this.chance(0.6)
      ? this.tensor("slope", [this.channels(x)], () => (this.chance(zeros) ? 0 : this.#random.normal()))
      : undefined;
    return this.node(this.chance(0.7) ? "relu" : this.pick(activationNames), { x, slope });
  }

  layer(x: string, filters: number, options: Parameters<Grower["conv"]>[2] = {}): string {
    let y = this.conv(x, filters, options);
    if (this.chance(0.6)) y = this.batchNorm(y);
    return this.chance(0.8) ? this.act(y) : y;
  }

  pool(x: string): string {
    const [h, w] = this.shape(x).slice(2) as [number, number];
    const kernel = [Math.min(h, this.int(1, 3)), Math.min(w, this.int(1, 3))] as const;
    const padding = [0, 1, 2, 3].map((i) => (this.chance(0.3) && (kernel[i % 2] as number) > 1 ? 1 : 0));
    const divisor = this.pick(["window", "pixels"]);
    const stride = [this.int(1, 2), this.int(1, 2)];
    return this.chance(0.5)
      ? this.node("max_pool", { x }, { kernel: [...kernel], padding, stride })
      : this.node("avg_pool", { x }, { kernel: [...kernel], padding, stride, divisor });
  }

  /** `count` different numbers below `size`, in any order. */
  choose(count: number, size: number): number[] {
    return Array.from(this.#random.shuffle(Int32Array.from({ length: size }, (_, i) => i)).slice(0, count));
  }

  route(x: string): string {
    const c = this.channels(x);
    switch (this.int(0, 3)) {
      case 0: {
        const start = this.int(0, c - 1);
        return this.node("slice_channels", { x }, { start, count: this.int(1, c - start) });
      }
      case 1:
        return this.node("pad_channels", { x }, { before: this.int(0, 2), after: this.int(0, 2) });
      case 2:
        return this.node("gather_channels", { x }, { index: this.choose(this.int(1, c), c) });
      default: {
        const channels = c + this.int(0, 2);
        const shape = [1, channels, ...(this.shape(x).slice(2) as number[])];
        const base = this.pick([
          undefined,
          this.normal("base", shape),
          this.chance(0.5) ? this.layer(x, channels, { same: true }) : undefined,
        ]);
        return this.node("scatter_add_channels", { x, base }, { index: this.choose(c, channels), channels });
      }
    }
  }

  block(x: string): string {
    const c = this.channels(x);
    switch (this.pick(BLOCKS)) {
      case "plain":
        return this.layer(x, this.int(1, 9), { stride: this.int(1, 2) });
      case "post":
        return this.act(
          this.node("add", { a: this.batchNorm(this.conv(this.layer(x, this.int(2, 7), { same: true }), c, { same: true })), b: x }),
        );
      case "pre": {
        const inner = this.conv(this.act(this.batchNorm(x)), this.int(2, 7), { same: true });
        return this.node("add", { a: x, b: this.conv(this.act(this.batchNorm(inner)), c, { same: true }) });
      }
      case "shortcut": {
        const main = this.batchNorm(this.conv(this.act(this.conv(x, 4, { same: true, stride: 2 })), c + 3, { same: true }));
        const pooled = this.node("max_pool", { x }, { kernel: [1, 1], stride: [2, 2] });
        return this.act(this.node("add", { a: main, b: this.node("pad_channels", { x: pooled }, { before: 1, after: 2 }) }));
      }
      case "concat":
        return this.node("concat", {
          x0: this.layer(x, this.int(1, 4), { same: true }),
          x1: x,
          x2: this.chance(0.5) ? this.act(x) : undefined,
        });
      case "depthwise":
        return this.layer(x, c * this.int(1, 2), { groups: c });
      case "grouped":
        return this.layer(this.layer(x, 6, { same: true }), this.pick([4, 6]), { groups: 2 });
      case "pool":
        return this.pool(x);
      case "route":
        return this.route(x);
      case "stream": {
        // what a cut leaves of a residual stream: some of its channels are read, some are written
        const read = this.node("gather_channels", { x }, { index: this.choose(this.int(1, c), c) });
        const filters = this.int(1, c);
        const inner = this.chance(0.5) ? read : this.layer(read, this.int(2, 6), { same: true });
        const written = this.batchNorm(this.conv(inner, filters, { same: true }));
        const sum = this.node("scatter_add_channels", { x: written, base: x }, { index: this.choose(filters, c), channels: c });
        return this.chance(0.6) ? this.act(sum) : sum;
      }
      case "product":
        return this.node("mul", { a: this.layer(x, c, { same: true }), b: x });
      case "constant": {
        const b = this.tensor("operand", [1, ...(this.shape(x).slice(1) as number[])], () =>
          this.chance(0.3) ? this.int(0, 1) : this.#random.normal(),
        );
        return this.chance(0.5) ? this.node("add", { a: x, b }) : this.node("mul", { a: x, b });
      }
      case "reshape": {
        const [h = 1, w = 1] = this.shape(x).slice(2) as number[];
        const shapes = [[c * h, 1, w], [c, h * w, 1], ...(c % 2 === 0 ? [[c / 2, 2 * h, w]] : []), [1, c, h * w], [h * w, c, 1]];
        if (this.chance(0.6)) return this.node("reshape", { x }, { shape: this.pick(shapes) });
        // three dimensions, which neither gather nor scatter can route: a sum, and two readers
        const shape = this.pick([
          [c * h, w],
          [c, h * w],
          [1, c * h * w],
        ]);
        const a = this.node("reshape", { x }, { shape });
        const b = this.chance(0.5)
          ? this.node("reshape", { x: this.layer(x, c, { same: true }) }, { shape })
          : this.normal("operand", [1, ...shape]);
        const back = (value: string): string => this.node("reshape", { x: value }, { shape: [c, h, w] });
        return this.node("add", { a: this.act(back(this.node("add", { a, b }))), b: this.act(back(a)) });
      }
    }
  }

  head(x: string): string {
    let y = this.node("flatten", { x: this.chance(0.5) ? this.node("global_avg_pool", { x }) : x });
    for (let layers = this.int(0, 2); layers > 0; layers--) {
      y = this.linear(y, this.int(3, 12));
      if (this.chance(0.4)) y = this.batchNorm(y);
      y = this.act(y);
    }
    y = this.linear(y, 3);
    return this.chance(0.2) ? this.node("softmax", { x: y }) : y;
  }

  linear(x: string, features: number): string {
    const c = this.channels(x);
    return this.node("linear", {
      x,
      w: this.normal("w", [features, c], 1 / Math.sqrt(c)),
      bias: this.chance(0.6) ? this.normal("bias", [features]) : undefined,
    });
  }
}

export function randomNetwork(random: Random): Network {
  const grower = new Grower(random);
  let tip = grower.builder.input("image", ["N", grower.int(1, 3), grower.int(4, 8), grower.int(4, 8)]);
  tip = grower.layer(tip, grower.int(2, 8));
  for (let blocks = grower.int(1, 5); blocks > 0; blocks--) tip = grower.block(tip);
  const outputs = new Set([grower.head(tip)]);
  if (grower.chance(0.2) && tip !== "image") outputs.add(tip);
  grower.builder.output(...outputs);
  return { graph: grower.builder.build(), tensors: grower.tensors };
}

/** Site by site all, most, few or none; for two of three networks no site dies on purpose, so that most outputs still depend on the input. */
export function randomSurvivors({ graph }: Network, random: Random): Survivors {
  const shares = random.int(3) === 0 ? [1, 0.6, 0.3, 0] : [1, 0.9, 0.8, 0.7, 0.5];
  return Object.fromEntries(
    sitesOf(graph).map(({ name, channels }) => {
      const alive = shares[random.int(shares.length)] as number;
      return [name, Array.from({ length: channels }, () => random.uniform() < alive)];
    }),
  );
}

export function randomInput({ graph }: Network, random: Random, batch: number): Record<string, Float64Array> {
  const size = sizeOf(graph.values.image?.shape.slice(1) as number[]);
  return { image: Float64Array.from({ length: batch * size }, () => random.normal()) };
}
