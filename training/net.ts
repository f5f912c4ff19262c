/**
 * The builder of networks, a chain that reads as the network runs:
 *
 *     const net = new Net({ channels: 1, height: 28, width: 28 });
 *     net.conv(16, 3, { padding: "same" }).batchNorm().relu({ rotated: true }).maxPool(2).flatten().linear(10);
 *     const { graph, init } = net.build();
 *
 * Branches: `tap()` marks a point; `add`, `mul` and `concat` join with it; `from` goes on from it. Each call moves the one point where the
 * network grows, so finish a branch and tap it before joining: `const side = net.from(start).conv(8, 1).tap(); net.from(main).add(side)`.
 */
import { InputError } from "../src/errors.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import type { Attr, Graph, Shape, Tensors } from "../src/graph/graph.ts";
import type { Activation } from "../src/ops/activation.ts";
import { ops } from "../src/ops/index.ts";
import { type InitialiseOptions, initialise } from "./initialise.ts";
import { dropDead, dropIdleBiases, renameOutput } from "./net_finish.ts";
import { type Padding, type Pair, pair, resolvePadding } from "./net_window.ts";
import type { Random } from "./random.ts";

/** The size of one image. */
export interface NetInput {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export interface LayerOptions {
  /** Names the node, and its tensors `<name>.weight`, … as PyTorch would. Numbered by kind unless given: conv1, bn1, relu1, fc1. */
  readonly name?: string;
}

export interface ConvOptions extends LayerOptions {
  /** 1 unless given; one number, or [vertical, horizontal]. */
  readonly stride?: Pair;
  /** 0 unless given; "same" keeps ⌈size / stride⌉ pixels; one number, [vertical, horizontal], or [top, left, bottom, right]. */
  readonly padding?: Padding;
  readonly dilation?: Pair;
  /** Groups of channels that do not see one another; filters and channels must divide by it. */
  readonly groups?: number;
  /** A bias per filter: as a rule yes, but not before a batch norm, which would take it away again. */
  readonly bias?: boolean;
}

export interface LinearOptions extends LayerOptions {
  readonly bias?: boolean;
}

export interface PoolOptions extends LayerOptions {
  /** The window's size unless given. */
  readonly stride?: Pair;
  readonly padding?: Padding;
}

export interface ActivationOptions extends LayerOptions {
  /** Learn a slope per channel: y = b · f(x). */
  readonly rotated?: boolean;
  /** Name of the slopes' tensor; `<name>.slope` unless given. */
  readonly slope?: string;
}

/** A point of the network to come back to. */
export interface Tap {
  readonly value: string;
  readonly shape: Shape;
}

/** A network's graph and how its tensors start. */
export interface BuiltNet {
  /** Input `image` [N, channels, height, width]; output `logits` (`probabilities` after a softmax). */
  readonly graph: Graph;
  /** Starting values of all tensors; equal generators give equal bits. */
  init(random: Random, options?: InitialiseOptions): Tensors;
}

/** A network under construction: each call appends a layer, `build()` gives the graph and its initial tensors. Sizes are checked at each call. */
export class Net {
  readonly #builder = new GraphBuilder(ops);
  readonly #counts = new Map<string, number>();
  readonly #taps = new WeakSet<Tap>();
  readonly #autoBiases = new Set<string>();
  #tip: string;

  constructor({ channels, height, width }: NetInput) {
    this.#tip = this.#builder.input("image", ["N", channels, height, width]);
  }

  /** Shape at this point, the batch first. */
  get shape(): Shape {
    return this.#builder.value(this.#tip).shape;
  }

  conv(filters: number, kernel: Pair, options: ConvOptions = {}): this {
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    const name = this.#name("conv", options);
    const [, channels = 0, height = 1, width = 1] = this.shape as readonly number[];
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new InputError("E_OPTION", `conv "${name}": ${channels} channels do not divide into ${groups} groups; choose a divisor`);
    }
    const window = { kernel: pair(kernel), stride: pair(stride), dilation: pair(dilation) };
    const attrs = { stride: window.stride, dilation: window.dilation, groups, padding: resolvePadding(padding, [height, width], window) };
    const w = this.#builder.param(`${name}.weight`, [filters, channels / groups, ...window.kernel]);
    return this.#append("conv2d", name, { w, bias: this.#bias(name, filters, options.bias) }, attrs);
  }

  /** A convolution that keeps channels apart: each gives `multiplier` filters. */
  depthwise(kernel: Pair, options: Omit<ConvOptions, "groups"> & { readonly multiplier?: number } = {}): this {
    const channels = this.shape[1] as number;
    const { multiplier = 1, ...rest } = options;
    return this.conv(channels * multiplier, kernel, { ...rest, groups: channels });
  }

  /** A matrix product over [N, features]; flatten images first. */
  linear(features: number, options: LinearOptions = {}): this {
    const name = this.#name("fc", options);
    const w = this.#builder.param(`${name}.weight`, [features, this.shape[1] as number]);
    return this.#append("linear", name, { w, bias: this.#bias(name, features, options.bias) });
  }

  /** Normalises each channel: with the batch's statistics in training, with running ones otherwise. */
  batchNorm(options: LayerOptions & { readonly eps?: number } = {}): this {
    const name = this.#name("bn", options);
    const size = [this.shape[1] as number];
    const inputs = {
      gamma: this.#builder.param(`${name}.weight`, size),
      beta: this.#builder.param(`${name}.bias`, size),
      mean: this.#builder.state(`${name}.running_mean`, size),
      var: this.#builder.state(`${name}.running_var`, size),
    };
    return this.#append("batch_norm", name, inputs, options.eps === undefined ? {} : { eps: options.eps });
  }

  relu(options: ActivationOptions = {}): this {
    return this.activation("relu", options);
  }

  relu6(options: ActivationOptions = {}): this {
    return this.activation("relu6", options);
  }

  activation(fn: Activation, options: ActivationOptions = {}): this {
    const name = this.#name(fn, options);
    const slope = options.rotated ? this.#builder.param(options.slope ?? `${name}.slope`, [this.shape[1] as number]) : undefined;
    return this.#append(fn, name, { slope });
  }

  maxPool(kernel: Pair, options: PoolOptions = {}): this {
    return this.#pool("max_pool", kernel, options);
  }

  /** `divisor`: "window" divides by the window's size, "pixels" by those of its pixels that are not padding. */
  avgPool(kernel: Pair, options: PoolOptions & { readonly divisor?: "window" | "pixels" } = {}): this {
    return this.#pool("avg_pool", kernel, options, options.divisor === undefined ? {} : { divisor: options.divisor });
  }

  /** The mean of each channel's pixels, [N, C, 1, 1]. */
  globalAvgPool(options: LayerOptions = {}): this {
    return this.#append("global_avg_pool", this.#name("pool", options), {});
  }

  flatten(options: LayerOptions = {}): this {
    return this.#append("flatten", this.#name("flatten", options), {});
  }

  /** `shape`: without the batch. */
  reshape(shape: readonly number[], options: LayerOptions = {}): this {
    return this.#append("reshape", this.#name("reshape", options), {}, { shape });
  }

  /** Zero channels before and after. */
  padChannels(before: number, after: number, options: LayerOptions = {}): this {
    return this.#append("pad_channels", this.#name("pad", options), {}, { before, after });
  }

  sliceChannels(start: number, count: number, options: LayerOptions = {}): this {
    return this.#append("slice_channels", this.#name("slice", options), {}, { start, count });
  }

  softmax(options: LayerOptions = {}): this {
    return this.#append("softmax", this.#name("softmax", options), {});
  }

  /** Marks this point. */
  tap(): Tap {
    const tap: Tap = { value: this.#tip, shape: this.shape };
    this.#taps.add(tap);
    return tap;
  }

  /** Goes on from a marked point. */
  from(tap: Tap): this {
    this.#tip = this.#valueOf(tap);
    return this;
  }

  /** The sum of this point and another of the same shape: the join of a residual block. */
  add(other: Tap, options: LayerOptions = {}): this {
    return this.#join("add", { a: this.#tip, b: this.#valueOf(other) }, options);
  }

  /** The product, element by element. */
  mul(other: Tap, options: LayerOptions = {}): this {
    return this.#join("mul", { a: this.#tip, b: this.#valueOf(other) }, options);
  }

  /** This point's channels, then those of the others. */
  concat(...others: readonly Tap[]): this {
    const parts = [this.#tip, ...others.map((tap) => this.#valueOf(tap))];
    return this.#join("concat", Object.fromEntries(parts.map((part, i) => [`x${i}`, part])), {});
  }

  /** The network so far. The builder may be used further; what was built stays as it is. */
  build(): BuiltNet {
    const last = this.#tip;
    if (last === "image") throw new InputError("E_OPTION", "the network has no layer; add some before build()");
    const builder = new GraphBuilder(ops, this.#builder.build());
    builder.output(last);
    const graph = renameOutput(dropIdleBiases(dropDead(builder.build()), this.#autoBiases));
    return { graph, init: (random, options) => initialise(graph, random, options) };
  }

  #name(kind: string, { name }: LayerOptions): string {
    if (name !== undefined) return name;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return `${kind}${count}`;
  }

  #bias(name: string, size: number, wanted: boolean | undefined): string | undefined {
    if (wanted === false) return undefined;
    const bias = this.#builder.param(`${name}.bias`, [size]);
    if (wanted === undefined) this.#autoBiases.add(bias);
    return bias;
  }

  #pool(op: string, kernel: Pair, options: PoolOptions, more: Readonly<Record<string, Attr>> = {}): this {
    const name = this.#name("pool", options);
    const window = { kernel: pair(kernel), stride: pair(options.stride ?? kernel), dilation: [1, 1] as const };
    const padding = resolvePadding(options.padding ?? 0, this.shape.slice(2) as number[], window);
    return this.#append(op, name, {}, { kernel: window.kernel, stride: window.stride, padding, ...more });
  }

  #append(
    op: string,
    name: string,
    inputs: Readonly<Record<string, string | undefined>>,
    attrs: Readonly<Record<string, Attr>> = {},
  ): this {
    return this.#node(op, name, { x: this.#tip, ...inputs }, attrs);
  }

  #join(op: string, inputs: Readonly<Record<string, string>>, options: LayerOptions): this {
    return this.#node(op, this.#name(op, options), inputs, {});
  }

  #node(op: string, name: string, inputs: Readonly<Record<string, string | undefined>>, attrs: Readonly<Record<string, Attr>>): this {
    this.#tip = this.#builder.add(op, name, inputs, attrs);
    return this;
  }

  #valueOf(tap: Tap): string {
    if (!this.#taps.has(tap)) throw new InputError("E_INPUT", "a tap of another network; use those that this network's tap() returned");
    return tap.value;
  }
}
