/** Cuts: the graph that is left, its constants, its numbers, and what is refused. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { costOf } from "../../src/graph/cost.ts";
import { valuesOf } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { type Network, rounded } from "../../src/passes/network.ts";
import { optimizeExact } from "../../src/passes/optimize.ts";
import { ReferenceBackend } from "../../src/reference/index.ts";
import { differentiate } from "../../training/autodiff.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { cut, cutExact } from "../../training/prune/cut.ts";
import { mask, maskExact } from "../../training/prune/mask.ts";
import type { Survivors } from "../../training/prune/survivors.ts";
import { Random } from "../../training/random.ts";
import { type CutCase, cutCases } from "./cut_cases.ts";
import { lines } from "./lines.ts";
import { randomInput } from "./random_network.ts";
import { type Topology, topology } from "./topologies.ts";

const flags = (survivors: CutCase["survivors"]): Survivors =>
  Object.fromEntries(Object.entries(survivors).map(([site, alive]) => [site, alive.map((bit) => bit === 1)]));

function difference(a: Network, b: Network): number {
  const inputs = randomInput(a, new Random(7), 3);
  const [x, y] = [a, b].map(({ graph, tensors }) => new ReferenceBackend().compileExact(graph, tensors).runExact(inputs));
  expect(Object.keys(y ?? {})).toEqual(Object.keys(x ?? {}));
  return Math.max(
    ...Object.entries(x ?? {}).flatMap(([name, values]) => Array.from(values, (value, i) => Math.abs(value - (y?.[name]?.[i] as number)))),
  );
}

describe("the cut graph", () => {
  it.each(cutCases)("$name: $why", ({ name, survivors, cut: expected }) => {
    const network = topology(name);
    const small = cutExact(network, flags(survivors));
    expect(lines(small.graph)).toEqual(expected);
    expect(difference(maskExact(network, flags(survivors)), small)).toBeLessThan(1e-12);
    // nothing but zeros was cut away here, so that every tensor that is left bears its old name
    expect(Object.keys(network.tensors)).toEqual(expect.arrayContaining(Object.keys(small.tensors)));
  });
});

describe("constants", () => {
  const branch = topology("a branch behind a layer that can die");

  it("of a dead layer become a map where a padded border makes them uneven", () => {
    const survivors = { inner: [false, false] };
    const small = cutExact(branch, survivors);
    expect(lines(small.graph)).toEqual([
      "conv1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3]",
      "stem[3,4,4] = relu(conv1[3,4,4])",
      "add1[3,4,4] = add(stem[3,4,4], add1.constant[1,3,4,4])",
      "outer[3,4,4] = relu(add1[3,4,4])",
      "pool1[3,1,1] = global_avg_pool(outer[3,4,4])",
      "flatten1[3] = flatten(pool1[3,1,1])",
      "logits[2] = linear(flatten1[3]) w[2,3] bias[2]",
    ]);
    expect(difference(maskExact(branch, survivors), small)).toBeLessThan(1e-12);
    // one value inside, others along the edges and in the corners
    expect(new Set(Array.from(small.tensors["add1.constant"]?.slice(0, 16) ?? [], (x) => x.toFixed(9))).size).toBe(9);
  });

  // a channel whose gamma is 0 is its beta, whatever the input
  const lifted = (name: Topology): Network => {
    const network = topology(name);
    const gamma = Float64Array.of(1, 0, 1, 1);
    return { ...network, tensors: { ...network.tensors, "bn1.weight": gamma, "bn1.bias": Float64Array.of(0, 2, 0, 0) } };
  };

  it("are added after a padded convolution", () => {
    const network = lifted("chain");
    const small = cutExact(network, {});
    expect(lines(small.graph).slice(2, 6)).toEqual([
      "relu1[3,4,4] = relu(bn1[3,4,4]) slope[3]",
      "conv2.linear[3,4,4] = conv2d(relu1[3,4,4]) w[3,3,3,3]",
      "conv2[3,4,4] = add(conv2.linear[3,4,4], conv2.constant[1,3,4,4])",
      "relu2[3,4,4] = relu(conv2[3,4,4])",
    ]);
    expect(difference(network, small)).toBeLessThan(1e-12);
  });

  it("go into the bias of a convolution without padding", () => {
    const network = lifted("depthwise");
    const small = cutExact(network, {});
    expect(lines(small.graph).slice(4, 7)).toEqual([
      "deep[3,4,4] = relu(bn1[3,4,4])",
      "conv3[3,4,4] = conv2d(deep[3,4,4]) w[3,3,1,1] bias[3]",
      "pool1[3,1,1] = global_avg_pool(conv3[3,4,4])",
    ]);
    expect(Object.keys(small.tensors)).toContain("conv3.bias");
    expect(difference(network, small)).toBeLessThan(1e-12);
  });
});

describe("a cut", () => {
  const network = topology("residual, activation after the sum");
  const survivors = { stem: [true, false, false, true], inner: [false, true, true], outer: [true, true, false, true] };

  it("of a network that dies as a whole still gives one output per example", () => {
    const dead = { outer: [false, false, false, false] };
    const small = cutExact(network, dead);
    expect(lines(small.graph).at(-1)).toBe("logits[2] = scatter_add_channels(image.zero[1], logits.constant[1,2]) index=0 channels=2");
    expect(costOf(small.graph, ops).macs).toBe(0);
    expect(difference(maskExact(network, dead), small)).toBe(0);
  });

  it("needs no survivors where slopes are 0 already", () => {
    const masked = maskExact(network, survivors);
    const [byMask, bySlopes] = [cutExact(network, survivors), cutExact(masked, {})];
    expect(lines(bySlopes.graph).map((line) => line.replace(/ slope\[\d+\]/, ""))).toEqual(lines(byMask.graph));
    expect(difference(byMask, bySlopes)).toBe(0);
  });

  it("can be cut again, by its own channels", () => {
    const once = cutExact(network, survivors);
    const twice = cutExact(once, { outer: [true, false, true] });
    expect(difference(maskExact(network, { ...survivors, outer: [true, false, false, true] }), twice)).toBeLessThan(1e-12);
    expect(lines(twice.graph).find((line) => line.startsWith("add1"))).toBe("add1[2,4,4] = add(conv3[2,4,4], stem[2,4,4])");
  });

  it("can be trained further: every parameter that is left has a gradient", () => {
    for (const { name, survivors: chosen } of cutCases) {
      const { graph } = cutExact(topology(name), flags(chosen));
      const builder = new GraphBuilder(trainingOps, graph);
      const labels = builder.input("labels", ["N"], "i32");
      builder.add("cross_entropy", "loss", { logits: graph.outputs[0] as string, labels });
      const wrt = valuesOf(graph, "param").map((value) => value.name);
      expect(Object.keys(differentiate(builder.build(), { loss: "loss", wrt }).gradients)).toEqual(wrt);
    }
  });

  it("reports what it took, as costs of the graphs", () => {
    const tensors = rounded(network.tensors);
    const { graph, report } = cut(network.graph, tensors, survivors);
    const [before, after] = [costOf(network.graph, ops), costOf(graph, ops)];
    expect(report.before).toEqual({ params: before.params, macs: before.macs, bytes: before.bytes });
    expect(report.after).toEqual({ params: after.params, macs: after.macs, bytes: after.bytes });
    expect(report.saved.macs).toBeCloseTo(1 - after.macs / before.macs, 12);
    expect(report.sites).toContainEqual({ name: "outer", channels: 4, alive: 3, stored: 3 });
    expect(report.layers).toContainEqual({ name: "conv2", before: [3, 4], after: [2, 2] });
  });

  it("stays in float32 and within its rounding of the mask", () => {
    const tensors = rounded(network.tensors);
    const small = cut(network.graph, tensors, survivors);
    for (const data of Object.values(small.tensors)) expect(data).toBeInstanceOf(Float32Array);
    expect(difference(mask(network.graph, tensors, survivors), small)).toBeLessThan(1e-5);
  });

  it("of an optimized network takes the epilogues apart first", () => {
    const optimized = optimizeExact(maskExact(network, survivors));
    expect(optimized.graph.nodes.some((node) => node.attrs.activation === "relu")).toBe(true);
    const small = cutExact(optimized, {});
    expect(costOf(small.graph, ops).macs).toBe(costOf(cutExact(network, survivors).graph, ops).macs);
    expect(difference(maskExact(network, survivors), small)).toBeLessThan(1e-12);
  });

  it.each([
    ["a name that is no activation", { nobody: [true] }, /E_INPUT .*"nobody".*stem, inner, outer, last/],
    ["a list of the wrong length", { stem: [true] }, /E_INPUT .*"stem" are 1, the activation has 4 channels/],
  ])("refuses %s", (_, wrong, message) => {
    expect(() => cutExact(network, wrong as Survivors)).toThrow(message);
    expect(() => maskExact(network, wrong as Survivors)).toThrow(message);
  });

  it("refuses tensors that do not fit", () => {
    const { "conv1.weight": _, ...without } = network.tensors;
    expect(() => cutExact({ ...network, tensors: without }, {})).toThrow(/E_INPUT no tensor for param "conv1.weight"/);
    expect(() => cutExact({ ...network, tensors: { ...network.tensors, "conv1.weight": new Float32Array(3) } }, {})).toThrow(
      /E_INPUT tensor "conv1.weight" has 3 numbers/,
    );
  });
});
