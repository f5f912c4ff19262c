/** What stands in an exported file beside the computation: names, shapes, versions, metadata; and what cannot be exported. */
import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { valuesOf } from "../../src/graph/graph.ts";
import type { Model } from "../../src/model/model.ts";
import { toOnnx } from "../../src/onnx/index.ts";
import { Message } from "../../src/onnx/protobuf.ts";
import { ops } from "../../src/ops/index.ts";
import { createModel } from "../../training/models/index.ts";
import { Net } from "../../training/net.ts";
import { trainingOps } from "../../training/ops/index.ts";
import { Random } from "../../training/random.ts";
import { codeOf } from "../model/helpers.ts";
import { decode, dimsOf } from "./decoder.ts";
import { checkModel } from "./runtime.ts";

function smallCnn(): Model {
  const { graph, init } = createModel("small-cnn", {
    activation: "rrelu",
    input: { channels: 1, height: 8, width: 8 },
    classes: 3,
    widths: [2, 3, 5],
  });
  return {
    graph,
    tensors: init(new Random(1)),
    preprocess: { width: 8, height: 8, channels: 1, order: "gray", mean: [0.25], std: [0.5] },
    classNames: ["T-shirt/top", "Größe, 大", "bag"],
    info: { accuracy: "0.88", source: "swivel tour" },
    training: { tensors: { "optimizer.velocity": { shape: [2], data: Float32Array.of(1, 2) } }, metadata: { step: "7" } },
  };
}

describe("an exported file", () => {
  const model = smallCnn();
  const decoded = decode(toOnnx(model));
  const { graph } = decoded;

  it("says who wrote it, for which format and operators", () => {
    expect(decoded.producerName).toBe("swivel");
    expect(Number(decoded.irVersion)).toBe(7);
    expect(decoded.opsetImport.map(({ domain, version }) => [domain, Number(version)])).toEqual([["", 13]]);
  });

  it("writes the operator set that is asked for", () => {
    for (const opset of [13, 17, 26]) expect(Number(decode(toOnnx(model, { opset })).opsetImport[0]?.version)).toBe(opset);
  });

  it("keeps the names of inputs and outputs, and leaves the batch free", () => {
    expect(graph.input.map((value) => [value.name, dimsOf(value)])).toEqual([["image", ["N", 1, 8, 8]]]);
    expect(graph.output.map((value) => [value.name, dimsOf(value)])).toEqual([["logits", ["N", 3]]]);
  });

  it("keeps the names and shapes of values between", () => {
    const between = valuesOf(model.graph, "temp").filter(({ name }) => name !== "logits");
    expect(graph.valueInfo.map((value) => [value.name, dimsOf(value)])).toEqual(between.map(({ name, shape }) => [name, shape]));
  });

  it("keeps the names and numbers of tensors; slopes take a shape that broadcasts over pixels", () => {
    const written = Object.fromEntries(graph.initializer.map((tensor) => [tensor.name, tensor]));
    expect(Object.keys(written).sort()).toEqual(Object.keys(model.tensors).sort());
    for (const [name, data] of Object.entries(model.tensors)) {
      const bytes = Uint8Array.from(written[name]?.rawData as Uint8Array);
      expect(new Float32Array(bytes.buffer), name).toEqual(data);
    }
    const dims = (name: string) => written[name]?.dims.map(Number);
    expect([dims("conv1.weight"), dims("relu1.slope"), dims("relu3.slope")]).toEqual([[2, 1, 3, 3], [2, 1, 1], [5]]);
  });

  it("has one ONNX node for each op, and a multiplication for each slope", () => {
    const block = ["Conv", "BatchNormalization", "MaxPool", "Relu", "Mul"];
    const head = ["Flatten", "Gemm", "BatchNormalization", "Relu", "Mul", "Gemm"];
    expect(graph.node.map(({ opType }) => opType)).toEqual([...block, ...block, ...head]);
  });

  it("carries preprocessing, class names and provenance, and no training state", () => {
    const metadata = Object.fromEntries(decoded.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata).toEqual({
      preprocess: JSON.stringify(model.preprocess),
      class_names: JSON.stringify(model.classNames),
      "info.accuracy": "0.88",
      "info.source": "swivel tour",
    });
  });

  it("is the same bytes every time", () => {
    expect(toOnnx(smallCnn())).toEqual(toOnnx(smallCnn()));
  });
});

describe("unusual graphs", () => {
  const x = Float32Array.of(1, -2, 3, 4, 5, -6);
  const exactly = (...want: number[]) => ({ want: Float64Array.from(want), allowed: new Float64Array(want.length) });

  it("may return inputs and parameters, and hold parameters that nobody reads", async () => {
    const builder = new GraphBuilder(ops);
    builder.input("x", ["N", 3]);
    builder.param("p", [2]);
    builder.param("idle", [4]);
    builder.add("relu", "y", { x: "x" });
    builder.output("y", "x", "p");
    const tensors = { p: Float32Array.of(7, 8), idle: new Float32Array(4) };
    const expected = { y: exactly(1, 0, 3, 4, 5, 0), x: exactly(...x), p: exactly(7, 8) };
    await checkModel({ graph: builder.build(), tensors }, { x }, 2, expected);
  });

  it("may share a slope between images, vectors and an output", async () => {
    const builder = new GraphBuilder(ops);
    builder.input("x", ["N", 3]);
    builder.param("slope", [3]);
    builder.add("relu", "vector", { x: "x", slope: "slope" });
    builder.add("reshape", "image", { x: "vector" }, { shape: [3, 1, 1] });
    builder.add("relu6", "first", { x: "image", slope: "slope" });
    builder.add("relu6", "second", { x: "first", slope: "slope" });
    builder.output("second", "slope");
    const tensors = { slope: Float32Array.of(2, 3, -1) };
    const expected = { second: exactly(8, 0, 0, 12, 18, 0), slope: exactly(2, 3, -1) };
    await checkModel({ graph: builder.build(), tensors }, { x }, 2, expected);
  });

  it("may compute a slope", async () => {
    const builder = new GraphBuilder(ops);
    builder.input("x", ["N", 3, 1, 1]);
    builder.input("slope", [3]);
    builder.add("relu", "y", { x: "x", slope: "slope" });
    builder.output("y");
    const inputs = { x, slope: Float32Array.of(2, 3, -1) };
    await checkModel({ graph: builder.build(), tensors: {} }, inputs, 2, { y: exactly(2, 0, -3, 8, 15, 0) });
  });

  it("may hand integers on", async () => {
    const builder = new GraphBuilder(ops);
    builder.input("labels", ["N", 2], "i32");
    builder.state("table", [2], "i32");
    builder.add("reshape", "pairs", { x: "labels" }, { shape: [1, 2] });
    builder.output("pairs", "table");
    const tensors = { table: Int32Array.of(10, -10) };
    const expected = { pairs: exactly(1, 2, 3, 2 ** 31 - 1), table: exactly(10, -10) };
    await checkModel({ graph: builder.build(), tensors }, { labels: Int32Array.of(1, 2, 3, 2 ** 31 - 1) }, 2, expected);
  });

  it("may use the names that we would choose", async () => {
    const builder = new GraphBuilder(ops);
    builder.input("constant", ["N", 3]);
    builder.param("y.mul", [3]);
    builder.add("relu6", "y", { x: "constant", slope: "y.mul" });
    builder.add("relu6", "y.mul_2", { x: "y" });
    builder.add("gather_channels", "constant_2", { x: "y.mul_2" }, { index: [2, 0] });
    builder.output("constant_2");
    const tensors = { "y.mul": Float32Array.of(2, 1, 1) };
    await checkModel({ graph: builder.build(), tensors }, { constant: x }, 2, { constant_2: exactly(3, 2, 0, 6) });
  });
});

describe("what cannot be exported", () => {
  const { graph, init } = new Net({ channels: 1, height: 3, width: 3 }).flatten().linear(2).build();
  const tensors = init(new Random(0));

  it.each([12, 27, 13.5, Number.NaN, Number.POSITIVE_INFINITY])("operator set %d", (opset) => {
    expect(() => toOnnx({ graph, tensors }, { opset })).toThrow(`E_OPTION opset ${opset}: choose an integer from 13 to 26`);
  });

  it("a model that lacks a tensor, or has one of another length", () => {
    const { "fc1.weight": weight, ...rest } = tensors;
    expect(() => toOnnx({ graph, tensors: rest })).toThrow(/^E_INPUT no tensor for param "fc1\.weight"/);
    expect(() => toOnnx({ graph, tensors: { ...rest, "fc1.weight": weight?.subarray(1) as Float32Array } })).toThrow(/^E_INPUT/);
  });

  it("a training graph", () => {
    const builder = new GraphBuilder(trainingOps, graph);
    builder.input("labels", ["N"], "i32");
    builder.output(...Object.values(builder.node("cross_entropy", "loss", { logits: "logits", labels: "labels" })));
    expect(() => toOnnx({ graph: builder.build(), tensors })).toThrow(/^E_UNKNOWN_OP cross_entropy "loss"/);
  });

  it("a graph without outputs, or with a value that has no name", () => {
    expect(codeOf(() => toOnnx({ graph: { ...graph, outputs: [] }, tensors }))).toBe("E_GRAPH");
    const builder = new GraphBuilder(ops);
    builder.input("", ["N", 2]);
    builder.add("relu", "y", { x: "" });
    builder.output("y");
    expect(() => toOnnx({ graph: builder.build(), tensors: {} })).toThrow(/^E_GRAPH a value is named ""/);
  });
});

describe("Protocol Buffers", () => {
  const hex = (message: Message) => Buffer.from(message.finish()).toString("hex");

  // The three examples of the format's own documentation, and the edges of its variable-length numbers.
  it.each([
    [new Message().int(1, 150), "089601"],
    [new Message().text(2, "testing"), "120774657374696e67"],
    [new Message().message(3, new Message().int(1, 150)), "1a03089601"],
    [new Message().int(1, 0).int(1, 127).int(1, 128), "0800087f088001"],
    [new Message().int(16, 2 ** 32), "80018080808010"],
    [new Message().int(1, Number.MAX_SAFE_INTEGER), "08ffffffffffffff0f"],
    [new Message().float(2, 1.5), "150000c03f"],
    [new Message().bytes(1, new Uint8Array(0)), "0a00"],
  ])("%#", (message, bytes) => {
    expect(hex(message)).toBe(bytes);
  });

  it("ends at 2 GiB", () => {
    const message = new Message();
    const part = new Uint8Array(2 ** 20);
    for (let i = 0; i < 2048; i++) message.bytes(1, part);
    expect(codeOf(() => message.finish())).toBe("E_TOO_LARGE");
  });
});
