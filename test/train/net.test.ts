import { describe, expect, it } from "vitest";
import { GraphError, InputError, ShapeError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { valuesOf } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { architectures, createModel } from "../../training/models/index.ts";
import { Net } from "../../training/net.ts";
import { slopeNames } from "../../training/parameters.ts";
import { Random } from "../../training/random.ts";

const image = { channels: 3, height: 9, width: 7 };

describe("Net", () => {
  it("names tensors as PyTorch would, by number or by the user's name", () => {
    const { graph } = new Net(image)
      .conv(4, 3)
      .batchNorm()
      .relu({ rotated: true })
      .conv(5, 1, { name: "layer1.0.conv1" })
      .flatten()
      .linear(2)
      .build();
    expect(valuesOf(graph, "param", "state").map((value) => `${value.name} ${value.shape}`)).toEqual([
      "conv1.weight 4,3,3,3",
      "bn1.weight 4",
      "bn1.bias 4",
      "bn1.running_mean 4",
      "bn1.running_var 4",
      "relu1.slope 4",
      "layer1.0.conv1.weight 5,4,1,1",
      "layer1.0.conv1.bias 5",
      "fc1.weight 2,175",
      "fc1.bias 2",
    ]);
    expect([graph.inputs, graph.outputs]).toEqual([["image"], ["logits"]]);
  });

  it("leaves a bias out before a batch norm, unless it is asked for or read elsewhere", () => {
    const params = (net: Net) => valuesOf(net.build().graph, "param").map((value) => value.name);
    expect(params(new Net(image).conv(2, 1).batchNorm())).not.toContain("conv1.bias");
    expect(params(new Net(image).conv(2, 1, { bias: true }).batchNorm())).toContain("conv1.bias");
    const branching = new Net(image).conv(2, 1);
    const raw = branching.tap();
    expect(params(branching.batchNorm().add(raw))).toContain("conv1.bias");
  });

  it.each([
    ["3×3, stride 1", 3, 1, 1, [1, 1, 1, 1], [9, 7]],
    ["3×3, stride 2", 3, 2, 1, [1, 1, 1, 1], [5, 4]],
    ["2×2, stride 1", 2, 1, 1, [0, 0, 1, 1], [9, 7]],
    ["3×3, dilation 2", 3, 1, 2, [2, 2, 2, 2], [9, 7]],
    ["1×1, stride 3", 1, 3, 1, [0, 0, 0, 0], [3, 3]],
  ] as const)("pads to the same size: %s", (_, kernel, stride, dilation, padding, size) => {
    const net = new Net(image).conv(2, kernel, { stride, dilation, padding: "same" });
    expect(net.shape).toEqual(["N", 2, ...size]);
    expect(net.build().graph.nodes[0]?.attrs.padding).toEqual(padding);
  });

  it("joins branches and drops those that nothing joins", () => {
    const net = new Net(image).conv(4, 3, { padding: 1 });
    const shortcut = net.tap();
    net.conv(4, 3, { padding: 1 }).add(shortcut);
    const sum = net.tap();
    net.conv(9, 1, { name: "unused" });
    const narrow = net.from(sum).conv(1, 3).tap();
    net.from(sum).depthwise(3, { multiplier: 2 }).concat(narrow);
    expect(net.shape).toEqual(["N", 9, 7, 5]);
    const { graph } = net.build();
    expect(graph.nodes.map((node) => node.name)).toEqual(["conv1", "conv2", "add1", "conv3", "conv4", "concat1"]);
    expect(Object.keys(graph.values)).not.toContain("unused.weight");
  });

  it("says what is wrong, at the call that is wrong", () => {
    expect(() => new Net(image).conv(4, 11)).toThrow(ShapeError);
    expect(() => new Net(image).linear(4)).toThrow(/E_SHAPE linear "fc1"/);
    expect(() => new Net(image).conv(4, 3, { groups: 2 })).toThrow(/E_OPTION conv "conv1": 3 channels do not divide into 2 groups/);
    expect(() => new Net(image).conv(4, 3, { name: "a" }).conv(4, 3, { name: "a" })).toThrow(GraphError);
    expect(() => new Net(image).conv(4, 3).add(new Net(image).tap())).toThrow(InputError);
    expect(() => new Net(image).build()).toThrow(/no layer/);
  });

  it("starts alike for equal seeds, with the paper's slopes", () => {
    const { graph, init } = new Net(image).conv(400, 3).batchNorm().relu({ rotated: true }).flatten().linear(2).build();
    const first = init(new Random(7));
    expect(init(new Random(7))).toEqual(first);
    expect(init(new Random(8))).not.toEqual(first);
    const slopes = [...(first["relu1.slope"] as Float32Array)];
    expect(slopes.every((b) => Math.abs(b) >= 0.7 && Math.abs(b) <= 1.4282)).toBe(true);
    const negative = slopes.filter((b) => b < 0).length;
    expect(negative).toBeGreaterThan(150);
    expect(negative).toBeLessThan(250);
    const weights = [...(first["conv1.weight"] as Float32Array)];
    const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
    expect(variance).toBeCloseTo(2 / 27, 2);
    expect(first["bn1.running_var"]?.every((v) => v === 1)).toBe(true);
    expect(Object.keys(first).sort()).toEqual(
      valuesOf(graph, "param", "state")
        .map((value) => value.name)
        .sort(),
    );
    expect(init(new Random(7), { slopes: "ones" })["relu1.slope"]?.every((b) => b === 1)).toBe(true);
  });
});

describe("createModel", () => {
  it.each([
    ["small-cnn", 105_978, 112, 1_117_056],
    ["lenet", 61_706, 226, 416_520],
    ["mlp-784-500-10", 397_510, 500, 397_000],
    ["mlp-784-500-300-10", 545_810, 800, 545_000],
    ["resnet20", 269_722, 672, 40_551_040],
  ] as const)("%s has its published size, and one slope per filter", (name, params, slopes, macs) => {
    const { input } = architectures[name];
    const plain = createModel(name, { activation: "relu", input, classes: 10 }).graph;
    const rotated = createModel(name, { activation: "rrelu", input, classes: 10 }).graph;
    expect(costOf(plain, ops)).toMatchObject({ params, macs });
    expect(costOf(rotated, ops)).toMatchObject({ params: params + slopes, macs });
    expect(slopeNames(plain)).toEqual([]);
  });

  it("takes other widths, images and classes", () => {
    const { graph } = createModel("resnet20", {
      activation: "rrelu",
      input: { channels: 1, height: 28, width: 28 },
      classes: 26,
      widths: [6, 9, 13],
    });
    expect(graph.values.logits?.shape).toEqual(["N", 26]);
    expect(graph.values["layer3.0.conv1.weight"]?.shape).toEqual([13, 9, 3, 3]);
    expect(graph.values["layer3.0.rrelu1.a"]?.shape).toEqual([13]);
  });

  it("names what it does not know", () => {
    const input = { channels: 1, height: 28, width: 28 };
    expect(() => createModel("vgg", { activation: "relu", input, classes: 10 })).toThrow(
      /E_OPTION no architecture "vgg"; there are small-cnn, lenet/,
    );
    expect(() => createModel("lenet", { activation: "relu", input, classes: 1 })).toThrow(InputError);
    expect(() => createModel("lenet", { activation: "relu", input, classes: 10, widths: [3] })).toThrow(/give 4 integers/);
    expect(() => createModel("lenet", { activation: "relu", input: { ...input, height: 4 }, classes: 10 })).toThrow(ShapeError);
  });
});
