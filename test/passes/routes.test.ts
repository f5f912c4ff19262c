/** Moves of channels around convolutions: what fuses, what must not, and that all of it comes apart again. The whole graph is stated. */
import { describe, expect, it } from "vitest";
import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { Network } from "../../src/passes/network.ts";
import { optimizeExact } from "../../src/passes/optimize.ts";
import { unfused } from "../../src/passes/split.ts";
import { lines } from "../prune/lines.ts";
import { difference, handmade, type Known, norm } from "./networks.ts";

/** A graph under construction, with convolutions of 3 × 3 that keep the image's size. */
class Draft {
  readonly #builder: GraphBuilder;
  readonly #known: Known;

  constructor(builder: GraphBuilder, known: Known) {
    this.#builder = builder;
    this.#known = known;
  }

  add(op: string, name: string, inputs: Record<string, string>, attrs: Record<string, number | number[]> = {}): string {
    return this.#builder.add(op, name, inputs, attrs);
  }

  conv(name: string, x: string, filters: number, groups = 1): string {
    const columns = (this.#builder.value(x).shape[1] as number) / groups;
    const w = this.#known(`${name}.weight`, [filters, columns, 3, 3]);
    return this.add("conv2d", name, { x, w, bias: this.#known(`${name}.bias`, [filters]) }, { padding: [1, 1, 1, 1], groups });
  }

  gather(name: string, x: string, ...index: number[]): string {
    return this.add("gather_channels", name, { x }, { index });
  }

  scatter(name: string, x: string, channels: number, index: number[], base?: string): string {
    return this.add("scatter_add_channels", name, base === undefined ? { x } : { x, base }, { index, channels });
  }

  relu(name: string, x: string): string {
    return this.add("relu", name, { x, slope: this.#known(`${name}.slope`, [this.#builder.value(x).shape[1] as number], (i) => i - 1.5) });
  }

  norm(name: string, x: string): string {
    return this.add("batch_norm", name, { x, ...norm(this.#known, name) });
  }

  operand(name: string, channels: number): string {
    return this.#known(name, [1, channels, 4, 4]);
  }

  output(name: string): void {
    this.#builder.output(name);
  }
}

const draft = (build: (net: Draft) => string): Network => handmade((builder, known) => build(new Draft(builder, known)));

const STEM = "stem[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4]";

const cases: readonly { readonly name: string; readonly build: (net: Draft) => string; readonly optimized: readonly string[] }[] = [
  {
    name: "a gather goes into all the convolutions that read it",
    build: (net) => {
      const x = net.gather("some", net.conv("stem", "image", 4), 3, 1);
      return net.add("add", "sum", { a: net.conv("left", x, 3), b: net.conv("right", x, 3) });
    },
    optimized: [
      STEM,
      "left[3,4,4] = conv2d(stem[4,4,4]) w[3,2,3,3] bias[3] gather=3,1",
      "sum[3,4,4] = conv2d(stem[4,4,4], left[3,4,4]) w[3,2,3,3] bias[3] gather=3,1",
    ],
  },
  {
    name: "gathers and slices one after another become one table, or none",
    build: (net) => {
      const stem = net.conv("stem", "image", 4);
      const twice = net.gather("back", net.gather("there", stem, 3, 0, 1, 2), 1, 2, 3, 0);
      const part = net.add("slice_channels", "part", { x: net.gather("turned", stem, 3, 2, 1, 0) }, { start: 1, count: 2 });
      return net.add("add", "sum", { a: net.conv("whole", twice, 3), b: net.conv("half", part, 3) });
    },
    optimized: [
      STEM,
      "whole[3,4,4] = conv2d(stem[4,4,4]) w[3,4,3,3] bias[3]",
      "sum[3,4,4] = conv2d(stem[4,4,4], whole[3,4,4]) w[3,2,3,3] bias[3] gather=2,1",
    ],
  },
  {
    name: "filters scatter into a stream, and the activation behind takes both",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      return net.relu("out", net.scatter("sum", net.conv("branch", stem, 2), 4, [3, 0], stem));
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "out[4,4,4] = conv2d(stem.act[4,4,4], stem.act[4,4,4]) w[2,4,3,3] bias[2] slope[4] scatter=3,0 channels=4 activation=relu",
    ],
  },
  {
    name: "a stream scatters into what the filters give: the cut of a sum whose activation fills dead channels again",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const branch = net.conv("branch", stem, 5);
      return net.relu("out", net.scatter("sum", net.gather("some", stem, 0, 2), 5, [4, 1], branch));
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "out[5,4,4] = conv2d(stem.act[4,4,4], stem.act[4,4,4]) w[5,4,3,3] bias[5] slope[5] shortcut=-1,2,-1,-1,0 activation=relu",
    ],
  },
  {
    name: "both scatter, in either order",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const first = net.scatter("first", net.conv("one", stem, 2), 4, [1, 2]);
      const after = net.relu("mid", net.scatter("second", net.gather("some", stem, 3, 1), 4, [2, 3], first));
      const base = net.scatter("third", net.gather("other", after, 0), 5, [4]);
      return net.scatter("fourth", net.conv("two", after, 3), 5, [0, 1, 4], base);
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "mid[4,4,4] = conv2d(stem.act[4,4,4], stem.act[4,4,4]) w[2,4,3,3] bias[2] slope[4] scatter=1,2 shortcut=-1,-1,3,1 channels=4 activation=relu",
      "fourth[5,4,4] = conv2d(mid[4,4,4], mid[4,4,4]) w[3,4,3,3] bias[3] scatter=0,1,4 shortcut=-1,-1,-1,-1,0 channels=5",
    ],
  },
  {
    name: "the parameter-free shortcut: what the pool gives is padded where it is added",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const pool = net.add("max_pool", "pool", { x: stem }, { kernel: [1, 1] });
      const padded = net.add("pad_channels", "pad", { x: pool }, { before: 1, after: 1 });
      return net.relu("out", net.add("add", "sum", { a: net.conv("branch", stem, 6), b: padded }));
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "pool[4,4,4] = max_pool(stem.act[4,4,4])",
      "out[6,4,4] = conv2d(stem.act[4,4,4], pool[4,4,4]) w[6,4,3,3] bias[6] slope[6] shortcut=-1,0,1,2,3,-1 activation=relu",
    ],
  },
  {
    name: "a gather before a pool moves behind it, and from there into the sum",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const pool = net.add("avg_pool", "pool", { x: net.gather("some", stem, 2, 1) }, { kernel: [3, 3], padding: [1, 1, 1, 1] });
      return net.scatter("sum", pool, 3, [2, 0], net.conv("branch", stem, 3));
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "pool.all[4,4,4] = avg_pool(stem.act[4,4,4])",
      "sum[3,4,4] = conv2d(stem.act[4,4,4], pool.all[4,4,4]) w[3,4,3,3] bias[3] shortcut=1,-1,2",
    ],
  },
  {
    name: "of two parts that are concatenated, the later writes both",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const grown = net.relu("wide", net.add("concat", "first", { x0: stem, x1: net.conv("grow", stem, 2) }));
      return net.add("concat", "second", { x0: net.conv("left", grown, 2), x1: net.conv("right", grown, 1) });
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "wide[6,4,4] = conv2d(stem.act[4,4,4], stem.act[4,4,4]) w[2,4,3,3] bias[2] scatter=4,5 shortcut=0,1,2,3,-1,-1 channels=6 activation=relu",
      "left[2,4,4] = conv2d(wide[6,4,4]) w[2,6,3,3] bias[2]",
      "second[3,4,4] = conv2d(wide[6,4,4], left[2,4,4]) w[1,6,3,3] bias[1] scatter=2 shortcut=0,1,-1 channels=3",
    ],
  },
  {
    name: "what is added moves along when the sum is padded",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const sum = net.add("add", "sum", { a: net.conv("branch", stem, 4), b: stem });
      return net.add("pad_channels", "pad", { x: sum }, { before: 1 });
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "pad[5,4,4] = conv2d(stem.act[4,4,4], stem.act[4,4,4]) w[4,4,3,3] bias[4] scatter=1,2,3,4 shortcut=-1,0,1,2,3 channels=5",
    ],
  },
  {
    name: "a slope that goes forward into weights finds their columns through gathers",
    build: (net) => net.conv("last", net.gather("some", net.relu("act", net.conv("stem", "image", 4)), 3, 1), 2),
    optimized: [
      "act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] activation=relu",
      "last[2,4,4] = conv2d(act[4,4,4]) w[2,2,3,3] bias[2] gather=3,1",
    ],
  },
  {
    name: "a gather stays where a batch norm, a group or the caller reads it as it is",
    build: (net) => {
      const stem = net.conv("stem", "image", 4);
      net.output(net.conv("one", net.relu("act", net.norm("bn", net.gather("normed", stem, 0, 1, 3))), 2));
      net.output(net.conv("two", net.gather("grouped", stem, 3, 2), 2, 2));
      const seen = net.gather("seen", stem, 1);
      net.output(seen);
      return net.conv("three", seen, 2);
    },
    optimized: [
      STEM,
      "normed[3,4,4] = gather_channels(stem[4,4,4]) index=0,1,3",
      "bn[3,4,4] = batch_norm(normed[3,4,4]) gamma[3]",
      "act[3,4,4] = relu(bn[3,4,4])",
      "one[2,4,4] = conv2d(act[3,4,4]) w[2,3,3,3] bias[2]",
      "grouped[2,4,4] = gather_channels(stem[4,4,4]) index=3,2",
      "two[2,4,4] = conv2d(grouped[2,4,4]) w[2,1,3,3] bias[2] groups=2",
      "seen[1,4,4] = gather_channels(stem[4,4,4]) index=1",
      "three[2,4,4] = conv2d(seen[1,4,4]) w[2,1,3,3] bias[2]",
    ],
  },
  {
    name: "a scatter stays behind an activation, and where the base is the same for every example",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 4));
      const sum = net.scatter("one", net.relu("branch.act", net.conv("branch", stem, 2)), 4, [0, 3], stem);
      return net.scatter("two", net.conv("last", sum, 2), 4, [1, 2], net.operand("base", 4));
    },
    optimized: [
      "stem.act[4,4,4] = conv2d(image[2,4,4]) w[4,2,3,3] bias[4] slope[4] activation=relu",
      "branch.act[2,4,4] = conv2d(stem.act[4,4,4]) w[2,4,3,3] bias[2] slope[2] activation=relu",
      "one[4,4,4] = scatter_add_channels(branch.act[2,4,4], stem.act[4,4,4]) index=0,3 channels=4",
      "last[2,4,4] = conv2d(one[4,4,4]) w[2,4,3,3] bias[2]",
      "two[4,4,4] = scatter_add_channels(last[2,4,4], base[1,4,4,4]) index=1,2 channels=4",
    ],
  },
  {
    name: "a gather of few channels stays before a pool of many",
    build: (net) => {
      const stem = net.relu("stem.act", net.conv("stem", "image", 9));
      const pool = net.add("max_pool", "pool", { x: net.gather("few", stem, 2, 5) }, { kernel: [1, 1] });
      return net.add("add", "sum", { a: net.conv("branch", stem, 2), b: pool });
    },
    optimized: [
      "stem.act[9,4,4] = conv2d(image[2,4,4]) w[9,2,3,3] bias[9] slope[9] activation=relu",
      "few[2,4,4] = gather_channels(stem.act[9,4,4]) index=2,5",
      "pool[2,4,4] = max_pool(few[2,4,4])",
      "sum[2,4,4] = conv2d(stem.act[9,4,4], pool[2,4,4]) w[2,9,3,3] bias[2]",
    ],
  },
];

describe("moves of channels", () => {
  it.each(cases)("$name", ({ build, optimized }) => {
    const network = draft(build);
    const result = optimizeExact(network);
    expect(lines(result.graph)).toEqual(optimized);
    expect(difference(network, result)).toBeLessThan(1e-12);
    expect(optimizeExact(result)).toEqual(result);
  });

  it.each(cases)("come apart again, and together as they were: $name", ({ build }) => {
    const network = draft(build);
    const fused = optimizeExact(network);
    const apart = unfused(fused);
    const tables = apart.graph.nodes.flatMap(({ attrs }) => [attrs.gather, attrs.scatter, attrs.shortcut]);
    expect(tables.filter((table) => table !== undefined)).toEqual([]);
    expect(difference(network, apart)).toBeLessThan(1e-12);
    expect(lines(optimizeExact(apart).graph).length).toBe(fused.graph.nodes.length);
  });
});
