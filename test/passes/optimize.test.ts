/** Each pass on the smallest network in which it has something to do, or must leave alone; the whole graph stated, the function unchanged. */
import { describe, expect, it } from "vitest";
import type { AnyTensors } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { type Network, rounded } from "../../src/passes/network.ts";
import { optimize, optimizeExact } from "../../src/passes/optimize.ts";
import { Rewriter } from "../../src/passes/rewriter.ts";
import { splitEpilogues } from "../../src/passes/split.ts";
import { Net } from "../../training/net.ts";
import { Random } from "../../training/random.ts";
import { lines } from "../prune/lines.ts";
import { difference, handmade, norm } from "./networks.ts";

const same = { padding: 1, bias: false } as const;

/** The network with random numbers; slopes of both signs, or as given. */
function networkOfNet(build: (net: Net) => unknown, given: AnyTensors = {}): Network {
  const net = new Net({ channels: 2, height: 4, width: 4 });
  build(net);
  const { graph, init } = net.build();
  const random = new Random("passes");
  const tensors = Object.entries(init(random)).map(([name, data]) => [
    name,
    given[name] ??
      Float64Array.from(data, (_, i) =>
        name.endsWith("_var") ? 0.5 + random.uniform() : name.endsWith("slope") ? 0.5 - (i % 2) * 1.5 : random.normal(),
      ),
  ]);
  return { graph, tensors: Object.fromEntries(tensors) };
}

const cases: readonly {
  readonly name: string;
  readonly build: (net: Net) => unknown;
  readonly given?: AnyTensors;
  readonly optimized: readonly string[];
}[] = [
  {
    name: "a batch norm goes into the convolution, the activation into its epilogue",
    build: (net) => net.conv(3, 3, same).batchNorm().relu(),
    optimized: ["logits[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] bias[3] activation=relu"],
  },
  {
    name: "a batch norm after a linear layer, too",
    build: (net) => net.flatten().linear(3).batchNorm().relu6(),
    optimized: ["flatten1[32] = flatten(image[2,4,4])", "logits[3] = linear(flatten1[32]) w[3,32] bias[3] activation=relu6"],
  },
  {
    name: "a batch norm stays where others read the convolution",
    build: (net) => {
      const conv = net.conv(3, 3, same).tap();
      return net.batchNorm().relu().add(conv);
    },
    optimized: [
      "conv1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3]",
      "bn1[3,4,4] = batch_norm(conv1[3,4,4]) gamma[3]",
      "relu1[3,4,4] = relu(bn1[3,4,4])",
      "logits[3,4,4] = add(relu1[3,4,4], conv1[3,4,4])",
    ],
  },
  {
    name: "a slope goes back into the norm and its sign on into the weights that read it",
    build: (net) => net.conv(3, 3, same).batchNorm().relu({ rotated: true }).avgPool(2).flatten().linear(2),
    optimized: [
      "relu1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] bias[3] activation=relu",
      "pool1[3,2,2] = avg_pool(relu1[3,4,4])",
      "flatten1[12] = flatten(pool1[3,2,2])",
      "logits[2] = linear(flatten1[12]) w[2,12] bias[2]",
    ],
  },
  {
    name: "a sign does not pass a max pool",
    build: (net) => net.conv(3, 3, same).batchNorm().relu({ rotated: true }).maxPool(2).flatten().linear(2),
    optimized: [
      "relu1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] bias[3] slope[3] activation=relu",
      "pool1[3,2,2] = max_pool(relu1[3,4,4])",
      "flatten1[12] = flatten(pool1[3,2,2])",
      "logits[2] = linear(flatten1[12]) w[2,12] bias[2]",
    ],
  },
  {
    name: "a positive slope does",
    build: (net) => net.conv(3, 3, same).batchNorm().relu6({ rotated: true }).maxPool(2).conv(2, 1, same),
    given: { "relu61.slope": Float64Array.of(0.5, 2, 0) },
    optimized: [
      "relu61[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] bias[3] activation=relu6",
      "pool1[3,2,2] = max_pool(relu61[3,4,4])",
      "logits[2,4,4] = conv2d(pool1[3,2,2]) w[2,3,1,1]",
    ],
  },
  {
    name: "relu6 is not homogeneous: its slope can only go forward",
    build: (net) => net.conv(3, 3, same).batchNorm().relu6({ rotated: true }).conv(2, 1, same).relu6({ rotated: true }),
    optimized: [
      "relu61[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] bias[3] activation=relu6",
      "logits[2,6,6] = conv2d(relu61[3,4,4]) w[2,3,1,1] slope[2] activation=relu6",
    ],
  },
  {
    name: "a slope after a sum stays in the epilogue where the stream goes on, and folds where only weights read it",
    build: (net) => {
      const stem = net.conv(3, 3, same).relu().tap();
      const outer = net.conv(3, 3, same).batchNorm().add(stem).relu({ rotated: true, name: "outer" }).tap();
      return net.conv(3, 3, same).add(outer).relu({ rotated: true, name: "last" }).globalAvgPool().flatten().linear(2);
    },
    optimized: [
      "relu1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] activation=relu",
      "outer[3,4,4] = conv2d(relu1[3,4,4], relu1[3,4,4]) w[3,3,3,3] bias[3] slope[3] activation=relu",
      "last[3,4,4] = conv2d(outer[3,4,4], outer[3,4,4]) w[3,3,3,3] activation=relu",
      "pool1[3,1,1] = global_avg_pool(last[3,4,4])",
      "flatten1[3] = flatten(pool1[3,1,1])",
      "logits[2] = linear(flatten1[3]) w[2,3] bias[2]",
    ],
  },
  {
    name: "a sign passes concat, pad, slice and grouped convolutions, each channel to its own columns",
    build: (net) => {
      const left = net.conv(2, 3, same).relu({ rotated: true, name: "left" }).tap();
      const right = net.conv(3, 3, same).relu({ rotated: true, name: "right" }).tap();
      return net
        .from(left)
        .concat(right)
        .padChannels(1, 2)
        .sliceChannels(1, 6)
        .conv(4, 3, { ...same, groups: 2 });
    },
    optimized: [
      "left[2,4,4] = conv2d(image[2,4,4]) w[2,2,3,3] activation=relu",
      "right[3,4,4] = conv2d(left[2,4,4]) w[3,2,3,3] activation=relu",
      "concat1[5,4,4] = concat(left[2,4,4], right[3,4,4])",
      "pad1[8,4,4] = pad_channels(concat1[5,4,4])",
      "slice1[6,4,4] = slice_channels(pad1[8,4,4])",
      "logits[4,4,4] = conv2d(slice1[6,4,4]) w[4,3,3,3] groups=2",
    ],
  },
  {
    name: "of two filters that a sum joins, the later takes it",
    build: (net) => {
      const start = net.tap();
      const shortcut = net.conv(3, 1, { bias: false, name: "short" }).tap();
      return net
        .from(start)
        .conv(3, 3, { ...same, name: "long" })
        .add(shortcut)
        .relu();
    },
    optimized: [
      "short[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1]",
      "logits[3,4,4] = conv2d(image[2,4,4], short[3,4,4]) w[3,2,3,3] activation=relu",
    ],
  },
  {
    name: "an activation before the sum keeps the sum outside",
    build: (net) => {
      const start = net.conv(3, 3, same).tap();
      return net.conv(3, 3, same).relu().add(start);
    },
    optimized: [
      "conv1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3]",
      "relu1[3,4,4] = conv2d(conv1[3,4,4]) w[3,3,3,3] activation=relu",
      "logits[3,4,4] = add(relu1[3,4,4], conv1[3,4,4])",
    ],
  },
  {
    name: "what changes nothing goes, what nobody needs too",
    build: (net) => {
      const used = net.conv(3, 3, same).relu({ rotated: true }).padChannels(0, 0).sliceChannels(0, 3).tap();
      net.conv(4, 3, same);
      return net.from(used).maxPool(2);
    },
    given: { "relu1.slope": Float64Array.of(1, 1, 1) },
    optimized: ["relu1[3,4,4] = conv2d(image[2,4,4]) w[3,2,3,3] activation=relu", "logits[3,2,2] = max_pool(relu1[3,4,4])"],
  },
];

describe("optimize", () => {
  it.each(cases)("$name", ({ build, given, optimized }) => {
    const network = networkOfNet(build, given);
    const result = optimizeExact(network);
    expect(lines(result.graph)).toEqual(optimized);
    expect(difference(network, result)).toBeLessThan(1e-12);
    expect(optimizeExact(result)).toEqual(result);
  });

  it.each(cases)("its epilogues come apart again: $name", ({ build, given }) => {
    const network = networkOfNet(build, given);
    const rewriter = new Rewriter(ops, optimizeExact(network));
    splitEpilogues(rewriter);
    const apart = rewriter.finish();
    const epilogues = apart.graph.nodes
      .filter((node) => node.op === "conv2d" || node.op === "linear")
      .flatMap((node) => [node.inputs.residual, node.inputs.slope, node.attrs.activation]);
    expect(epilogues.filter((part) => part !== undefined)).toEqual([]);
    expect(difference(network, apart)).toBeLessThan(1e-12);
  });
});

const operands: readonly { readonly name: string; readonly network: Network; readonly optimized: readonly string[] }[] = [
  {
    name: "a constant per channel becomes a bias",
    network: handmade((builder, known) => {
      const conv = builder.add("conv2d", "conv", { x: "image", w: known("conv.weight", [3, 2, 1, 1]) });
      return builder.add("add", "sum", { a: conv, b: known("b", [1, 3, 4, 4], (i) => Math.floor(i / 16) - 1) });
    }),
    optimized: ["sum[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1] bias[3]"],
  },
  {
    name: "a factor per channel goes into weights and bias",
    network: handmade((builder, known) => {
      const conv = builder.add("conv2d", "conv", { x: "image", w: known("conv.weight", [3, 2, 1, 1]), bias: known("conv.bias", [3]) });
      return builder.add("mul", "product", { a: conv, b: known("b", [1, 3, 4, 4], (i) => Math.floor(i / 16) + 2) });
    }),
    optimized: ["product[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1] bias[3]"],
  },
  {
    name: "a map stays an addition, scaled by the norm and the slope that fold past it",
    network: handmade((builder, known) => {
      const conv = builder.add("conv2d", "conv", { x: "image", w: known("conv.weight", [3, 2, 1, 1]) });
      const x = builder.add("add", "sum", { a: conv, b: known("b", [1, 3, 4, 4]) });
      const bn = builder.add("batch_norm", "bn", { x, ...norm(known, "bn") });
      const y = builder.add("relu", "relu", { x: bn, slope: known("slope", [3], (i) => i - 3) });
      return builder.add("conv2d", "last", { x: y, w: known("last.weight", [1, 3, 3, 3]) });
    }),
    optimized: [
      "conv[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1] bias[3]",
      "bn[3,4,4] = add(conv[3,4,4], b[1,3,4,4])",
      "relu[3,4,4] = relu(bn[3,4,4])",
      "last[1,2,2] = conv2d(relu[3,4,4]) w[1,3,3,3]",
    ],
  },
  {
    name: "operands that change nothing go",
    network: handmade((builder, known) => {
      const sum = builder.add("add", "sum", { a: "image", b: known("zeros", [1, 2, 4, 4], () => 0) });
      const product = builder.add("mul", "product", { a: sum, b: known("ones", [1, 2, 4, 4], () => 1) });
      const gathered = builder.add("gather_channels", "gather", { x: product }, { index: [0, 1] });
      const base = known("base", [1, 4, 4, 4], () => 0);
      return builder.add("scatter_add_channels", "scatter", { x: gathered, base }, { index: [3, 1], channels: 4 });
    }),
    optimized: ["scatter[4,4,4] = scatter_add_channels(image[2,4,4]) index=3,1 channels=4"],
  },
  {
    name: "weights that two layers share are copied where only one of them changes",
    network: handmade((builder, known) => {
      const w = known("shared.weight", [3, 3, 1, 1]);
      const first = builder.add("conv2d", "first", { x: "image", w: known("first.weight", [3, 2, 1, 1]) });
      const one = builder.add("conv2d", "one", { x: first, w });
      const bn = builder.add("batch_norm", "bn", { x: one, ...norm(known, "bn") });
      return builder.add("conv2d", "two", { x: bn, w });
    }),
    optimized: [
      "first[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1]",
      "bn[3,4,4] = conv2d(first[3,4,4]) w[3,3,1,1] bias[3]",
      "two[3,4,4] = conv2d(bn[3,4,4]) w[3,3,1,1]",
    ],
  },
  {
    name: "an output keeps its name, and what the caller reads is not folded away",
    network: handmade((builder, known) => {
      const conv = builder.add("conv2d", "conv", { x: "image", w: known("conv.weight", [3, 2, 1, 1]) });
      builder.output(conv);
      return builder.add("relu", "relu", { x: builder.add("batch_norm", "bn", { x: conv, ...norm(known, "bn") }) });
    }),
    optimized: [
      "conv[3,4,4] = conv2d(image[2,4,4]) w[3,2,1,1]",
      "bn[3,4,4] = batch_norm(conv[3,4,4]) gamma[3]",
      "relu[3,4,4] = relu(bn[3,4,4])",
    ],
  },
];

describe("optimize, with known operands", () => {
  it.each(operands)("$name", ({ network, optimized }) => {
    const result = optimizeExact(network);
    expect(lines(result.graph)).toEqual(optimized);
    expect(result.graph.outputs).toEqual(network.graph.outputs);
    expect(difference(network, result)).toBeLessThan(1e-12);
  });
});

describe("optimize, as models use it", () => {
  const network = networkOfNet((net) => net.conv(3, 3, same).batchNorm().relu({ rotated: true }).flatten().linear(2));
  const tensors = rounded(network.tensors);

  it("rounds once, leaves what it was given alone, and keeps only what the graph needs", () => {
    const before = structuredClone({ graph: network.graph, tensors });
    const result = optimize(network.graph, { ...tensors, "optimizer.momentum": new Float32Array(3) });
    expect({ graph: network.graph, tensors }).toEqual(before);
    expect(Object.keys(result.tensors).sort()).toEqual(["conv1.bias", "conv1.weight", "fc1.bias", "fc1.weight"]);
    const exact = optimizeExact({ graph: network.graph, tensors });
    for (const [name, data] of Object.entries(result.tensors)) expect(data).toEqual(Float32Array.from(exact.tensors[name] ?? []));
  });

  it("refuses tensors that do not fit the graph", () => {
    const { "bn1.weight": _, ...without } = tensors;
    expect(() => optimize(network.graph, without)).toThrow(/E_INPUT no tensor for param "bn1.weight"/);
  });
});
