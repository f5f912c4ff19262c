import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Model, readModel, writeModel } from "../../src/model/model.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { ops } from "../../src/ops/index.ts";
import { goldenModel } from "../../tools/make-golden.ts";
import { codeOf, type Description, redescribe } from "./helpers.ts";

const model = goldenModel();
const file = writeModel(model);

describe("the model file", () => {
  it("gives back graph, tensors, preprocessing, class names and info", () => {
    expect(readModel(file)).toEqual(model);
  });

  it("is the same for the same model, and a safetensors file with PyTorch's names", () => {
    expect(writeModel(readModel(file))).toEqual(file);
    expect(Object.keys(readSafetensors(file).tensors)).toContain("stem.bn.running_var");
  });

  it("needs no preprocessing, class names or info", () => {
    const { graph, tensors } = model;
    expect(readModel(writeModel({ graph, tensors }))).toEqual({ graph, tensors });
  });

  it("holds half floats where asked", () => {
    const small = writeModel(model, { floats: "F16" });
    expect(small.length).toBeLessThan(file.length);
    const weights = readModel(small).tensors["fc.weight"] as Float32Array;
    const exact = model.tensors["fc.weight"] as Float32Array;
    weights.forEach((w, i) => void expect(Math.abs(w - (exact[i] as number))).toBeLessThanOrEqual(2 ** -11 * Math.abs(exact[i] as number)));
  });

  it("is a checkpoint where it holds training state, which any reader of models skips", () => {
    const training = { tensors: { "momentum.0": { shape: [3], data: Float32Array.of(1, 2, 3) } }, metadata: { "training.step": "17" } };
    const checkpoint = readModel(writeModel({ ...model, training }));
    expect(checkpoint.training?.metadata).toEqual(training.metadata);
    expect(checkpoint.training?.tensors["momentum.0"]).toEqual({ dtype: "f32", ...training.tensors["momentum.0"] });
    expect(checkpoint.tensors).toEqual(model.tensors);
  });
});

describe("writing a model", () => {
  const cases: [string, Model, string][] = [
    ["a missing tensor", { ...model, tensors: { ...model.tensors, "fc.bias": undefined as never } }, "E_NOT_FOUND"],
    ["a tensor of another length", { ...model, tensors: { ...model.tensors, "fc.bias": new Float32Array(3) } }, "E_FORMAT"],
    ["a tensor of another type", { ...model, tensors: { ...model.tensors, "fc.bias": new Int32Array(4) } }, "E_SHAPE"],
    ["NaN", { ...model, tensors: { ...model.tensors, "fc.bias": new Float32Array(4).fill(Number.NaN) } }, "E_NOT_FINITE"],
    ["too few class names", { ...model, classNames: ["one"] }, "E_SHAPE"],
    ["pixels that are not the input's", { ...model, preprocess: { ...model.preprocess!, width: 9 } }, "E_SHAPE"],
    ["a standard deviation of 0", { ...model, preprocess: { ...model.preprocess!, std: [1, 0, 1] } }, "E_FORMAT"],
    [
      "training state with a tensor of the network's",
      { ...model, training: { tensors: { "fc.bias": { shape: [1], data: new Float32Array(1) } }, metadata: {} } },
      "E_FORMAT",
    ],
    ["training metadata with the model's key", { ...model, training: { tensors: {}, metadata: { swivel: "" } } }, "E_FORMAT"],
  ];
  it.each(cases)("refuses %s", (_, wrong, code) => {
    expect(codeOf(() => writeModel(wrong))).toBe(code);
  });

  it("refuses a graph whose parameters are views of a block: that is a training graph", () => {
    const net = new GraphBuilder(ops);
    net.param("block", [64]);
    const w = net.param("w", [2, 3], { of: "block", offset: 0 });
    net.output(net.add("linear", "y", { x: net.input("x", ["N", 3]), w }));
    const tensors = { block: new Float32Array(64), w: new Float32Array(6) };
    expect(codeOf(() => writeModel({ graph: net.build(), tensors }))).toBe("E_FORMAT");
  });
});

describe("reading a model that is wrong in one place", () => {
  type Json = Record<string | number, unknown>;
  /** Puts something else at a place of the graph. */
  const set = (path: (string | number)[], value: unknown) => (d: Description) => {
    let at = d.graph as unknown as Json;
    for (const key of path.slice(0, -1)) at = at[key] as Json;
    at[path.at(-1) as string] = value;
  };
  const cases: [string, (d: Description) => unknown, string, RegExp][] = [
    ["a newer version", (d) => ({ version: 2, everything: ["else", d.version] }), "E_VERSION", /version 2.*update swivel-nn/],
    ["no version", (d) => ({ ...d, version: undefined }), "E_FORMAT", /version is undefined/],
    ["version 0.5", (d) => ({ ...d, version: 0.5 }), "E_FORMAT", /version is 0.5/],
    ["a description that is no JSON", () => "{", "E_FORMAT", /no valid JSON/],
    ["a description that is null", () => "null", "E_FORMAT", /version/],
    ["deep nesting", () => "[".repeat(1e5) + "]".repeat(1e5), "E_FORMAT", /nests deeper|no valid JSON/],
    ["a key twice", (d) => JSON.stringify(d).replace('"version":1', '"version":1,"version":1'), "E_FORMAT", /names "version" twice/],
    [
      "a key twice, escaped",
      (d) => JSON.stringify(d).replace('"version":1', '"version":1,"\\u0076ersion":1'),
      "E_FORMAT",
      /names "version" twice/,
    ],
    ["a prototype's key", (d) => JSON.stringify(d).replace('"info":{', '"info":{"__proto__":"x",'), "E_FORMAT", /"__proto__".*reserved/],
    ["an unknown field", (d) => ({ ...d, extra: 1 }), "E_FORMAT", /unknown key "extra"/],
    ["no graph", (d) => ({ ...d, graph: undefined }), "E_FORMAT", /has no graph/],
    ["a graph that is a list", (d) => ({ ...d, graph: [] }), "E_FORMAT", /the graph is no object/],
    ["a value of unknown type", set(["values", "fc.weight", "dtype"], "f64"), "E_FORMAT", /"fc.weight": dtype is "f64"/],
    ["a value under another name", set(["values", "fc.weight", "name"], "fc.bias"), "E_FORMAT", /"fc.weight" calls itself "fc.bias"/],
    ["a value with a view", set(["values", "fc.weight", "view"], { of: "fc.bias", offset: 0 }), "E_FORMAT", /unknown key "view"/],
    ["a size of 0", set(["values", "fc.weight", "shape"], [4, 0]), "E_FORMAT", /"fc.weight": shape \[4,0\]/],
    ["a size of 1e999", (d) => JSON.stringify(d).replace("[4,80]", "[4,1e999]"), "E_FORMAT", /"fc.weight"/],
    ["a size of text", set(["values", "fc.weight", "shape"], ["4", 80]), "E_FORMAT", /"fc.weight"/],
    ["sizes whose product overflows", set(["values", "pool", "shape"], ["N", 2 ** 52, 2 ** 52, 2]), "E_TOO_LARGE", /"pool"/],
    ["many sizes", set(["values", "pool", "shape"], new Array(9).fill(1)), "E_TOO_LARGE", /"pool": shape has 9/],
    ["many large values", (d) => void addValues(d, 9, [2 ** 27]), "E_TOO_LARGE", /per example/],
    ["a pad of many channels", (d) => void padPool(d, 2 ** 20), "E_TOO_LARGE", /moves 1048581 channels/],
    ["a scatter into many channels", (d) => void scatterConv(d, 2 ** 21), "E_TOO_LARGE", /moves 2097152 channels/],
    ["very many values", (d) => void addValues(d, 20_000, [1]), "E_TOO_LARGE", /values has \d+ entries/],
    ["a long name", set(["nodes", 0, "name"], "x".repeat(257)), "E_TOO_LARGE", /257 characters/],
    ["a name with an escape code", set(["nodes", 0, "name"], "\u001b[2J"), "E_FORMAT", /control characters/],
    ["an attribute of NaN", set(["nodes", 0, "attrs", "groups"], null), "E_FORMAT", /"groups"/],
    ["an attribute of mixed lists", set(["nodes", 0, "attrs", "padding"], [1, "1", 1, 1]), "E_FORMAT", /"padding"/],
    ["an unknown attribute", set(["nodes", 0, "attrs", "pad"], 1), "E_ATTR", /no attribute "pad"/],
    ["a stride of 0", set(["nodes", 0, "attrs", "stride"], [0, 1]), "E_ATTR", /attribute "stride"/],
    ["an unknown op", set(["nodes", 2, "op"], "swish"), "E_UNKNOWN_OP", /no op "swish"/],
    ["an op of a training graph", set(["nodes", 2, "op"], "sgd"), "E_UNKNOWN_OP", /no op "sgd"/],
    ["an op named like a method", set(["nodes", 2, "op"], "valueOf"), "E_UNKNOWN_OP", /no op "valueOf"/],
    ["an unknown slot", set(["nodes", 0, "inputs", "scale"], "fc.bias"), "E_GRAPH", /no input slot "scale"/],
    ["an unknown value in a slot", set(["nodes", 0, "inputs", "w"], "nowhere"), "E_GRAPH", /"nowhere"/],
    ["a value named like a method in a slot", set(["nodes", 0, "inputs", "w"], "toString"), "E_GRAPH", /"toString"/],
    ["an output that does not exist", set(["outputs"], ["toString"]), "E_GRAPH", /"toString"/],
    ["no outputs", set(["outputs"], []), "E_FORMAT", /no outputs/],
    ["an output twice", set(["outputs"], ["logits", "logits"]), "E_GRAPH", /twice/],
    ["nodes out of order", (d) => void (d.graph.nodes as unknown[]).reverse(), "E_GRAPH", /before anything has written it/],
    ["a shape that does not follow", set(["values", "pool", "shape"], ["N", 5, 5, 4]), "E_SHAPE", /"pool" is declared/],
    ["a weight of another shape than the graph's", set(["values", "fc.bias", "shape"], [5]), "E_SHAPE", /fc.bias/],
    ["a missing tensor", set(["values", "more"], { name: "more", dtype: "f32", shape: [1], role: "param" }), "E_NOT_FOUND", /"more"/],
    ["a missing training tensor", (d) => ({ ...d, training: ["m"] }), "E_NOT_FOUND", /"m"/],
    ["a tensor of another type", set(["values", "fc.bias", "dtype"], "i32"), "E_SHAPE", /bias "fc.bias" is i32, the op computes with f32/],
    [
      "preprocessing of 2 channels",
      (d) => ({ ...d, preprocess: { ...(d.preprocess as object), channels: 2 } }),
      "E_FORMAT",
      /preprocess.channels/,
    ],
    [
      "preprocessing of no order",
      (d) => ({ ...d, preprocess: { ...(d.preprocess as object), order: "GBR" } }),
      "E_FORMAT",
      /preprocess.order/,
    ],
    [
      "preprocessing of 1e9 pixels",
      (d) => ({ ...d, preprocess: { ...(d.preprocess as object), width: 1e9 } }),
      "E_FORMAT",
      /preprocess.width/,
    ],
    [
      "preprocessing with one mean",
      (d) => ({ ...d, preprocess: { ...(d.preprocess as object), mean: [0] } }),
      "E_FORMAT",
      /preprocess.mean/,
    ],
    ["class names that are numbers", (d) => ({ ...d, classNames: [1, 2, 3, 4] }), "E_FORMAT", /class name/],
    ["one class name too many", (d) => ({ ...d, classNames: ["a", "b", "c", "d", "e"] }), "E_SHAPE", /5 class names/],
    ["info that is no text", (d) => ({ ...d, info: { a: 1 } }), "E_FORMAT", /info "a"/],
  ];
  it.each(cases)("names %s", (_, change, code, message) => {
    const wrong = redescribe(file, change);
    expect(codeOf(() => readModel(wrong))).toBe(code);
    expect(() => readModel(wrong)).toThrow(message);
  });

  it("names a tensor that nobody knows", async () => {
    const { writeSafetensors } = await import("../../src/model/safetensors.ts");
    const { tensors, metadata } = readSafetensors(file);
    const more = writeSafetensors({ ...tensors, stray: { shape: [1], data: new Float32Array(1) } }, metadata);
    expect(() => readModel(more)).toThrow(/E_FORMAT tensor "stray"/);
  });

  it("says what to do with plain weights", async () => {
    const { writeSafetensors } = await import("../../src/model/safetensors.ts");
    expect(() => readModel(writeSafetensors(readSafetensors(file).tensors, { format: "pt" }))).toThrow(/E_FORMAT.*swivel init --weights/);
  });
});

function addValues(d: Description, count: number, shape: number[]): void {
  const values = d.graph.values as Record<string, unknown>;
  for (let i = 0; i < count; i++) values[`extra${i}`] = { name: `extra${i}`, dtype: "f32", shape, role: "temp" };
}

/** Adds a node that claims channels in a few bytes. */
/** The graph's first convolution once more, its filters among `channels`. */
function scatterConv(d: Description, channels: number): void {
  const [{ op, inputs, outputs, attrs }] = d.graph.nodes as [Description["graph"]["nodes"][number]];
  const { x = "", w = "" } = inputs;
  const { shape } = d.graph.values[outputs.y as string] as { shape: unknown };
  const [, filters = 0, ...pixels] = shape as number[];
  const scatter = Array.from({ length: filters }, (_, f) => f);
  (d.graph.values as Record<string, unknown>).wide = { name: "wide", dtype: "f32", shape: ["N", channels, ...pixels], role: "temp" };
  const node = { op, name: "wide", inputs: { x, w }, outputs: { y: "wide" }, attrs: { ...attrs, activation: "none", scatter, channels } };
  (d.graph.nodes as unknown[]).push(node);
}

function padPool(d: Description, after: number): void {
  (d.graph.values as Record<string, unknown>).padded = { name: "padded", dtype: "f32", shape: ["N", 5 + after, 4, 4], role: "temp" };
  (d.graph.nodes as unknown[]).push({ op: "pad_channels", name: "pad", inputs: { x: "pool" }, outputs: { y: "padded" }, attrs: { after } });
}
