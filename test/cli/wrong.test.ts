/** Files that are missing, damaged or of another kind: one line that names the thing and the remedy, and nothing written. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { createModel } from "../../training/models/index.ts";
import { Random } from "../../training/random.ts";
import { idxBytes } from "../data/helpers.ts";
import { type Description, redescribe } from "../model/helpers.ts";
import { cifarFiles, type Files, idxFiles, pictureFiles } from "./data.ts";
import { bytesOf, expectRefusal, folder, json, put, swivel } from "./run.ts";

const good = put("good", idxFiles({ train: 80, test: 20, classes: 4 }));
const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);
/** Names of all that lies in the test's folder, hidden files too. */
const everything = (): string[] => readdirSync(folder).sort();

beforeAll(async () => {
  await json(["train", "--data", good, "--epochs", "1", "--out", "good.safetensors", "--threads", "1"]);
  await json(["train", "--data", good, "--activation", "relu", "--epochs", "1", "--out", "relu.safetensors", "--threads", "1"]);
  await json(["pack", "good.safetensors", "--out", "packed.safetensors"]);
  const model = bytesOf("good.safetensors");
  write("truncated.safetensors", model.subarray(0, 60_000));
  write("header.safetensors", model.subarray(0, 1000));
  write("empty.safetensors", new Uint8Array(0));
  write("text.safetensors", new TextEncoder().encode("<!doctype html><title>404</title>"));
  const packed = bytesOf("packed.safetensors");
  write(
    "newer.safetensors",
    redescribe(packed, (description) => ({ ...description, version: 99 })),
  );
  const reversed = ({ graph, ...rest }: Description) => ({ ...rest, graph: { ...graph, nodes: [...graph.nodes].reverse() } });
  write("reversed.safetensors", redescribe(packed, reversed));
  const nan = Uint8Array.from(model);
  new DataView(nan.buffer).setFloat32(nan.length - 4, Number.NaN, true);
  write("nan.safetensors", nan);
});

describe("a model that", () => {
  const out = ["--out", "never.safetensors"];
  const uses: readonly ((file: string) => string[])[] = [
    (file) => ["eval", file, "--data", good],
    (file) => ["prune", file, "--keep-macs", "0.5", ...out],
    (file) => ["pack", file, ...out, "--onnx", "never.onnx"],
    (file) => ["init", "--arch", "small-cnn", "--weights", file, ...out],
  ];
  const cases: readonly [what: string, file: string, code: Parameters<typeof expectRefusal>[1], ...words: RegExp[]][] = [
    ["is missing", "missing.safetensors", "E_NOT_FOUND", /check the path/],
    ["is a folder", "good", "E_NOT_FOUND", /is a folder; name a \.safetensors file/],
    ["lies in a file", "relu.safetensors/a.safetensors", "E_NOT_FOUND", /check the path/],
    ["ends too early", "truncated.safetensors", "E_TRUNCATED", /tensor "/, /get the file again/],
    ["ends in its header", "header.safetensors", "E_TRUNCATED", /get the file again/],
    ["is empty", "empty.safetensors", "E_TRUNCATED", /0 bytes/],
    ["is a web page", "text.safetensors", "E_TOO_LARGE", /"<!doctyp"/, /check the path/],
    ["is newer", "newer.safetensors", "E_VERSION", /version 99/, /update swivel-nn/],
    ["makes no sense", "reversed.safetensors", "E_GRAPH", /before/],
    ["holds NaN", "nan.safetensors", "E_NOT_FINITE", /tensor "/, /NaN/],
  ];
  // every command opens its files in one way, so two for each case and each command for two cases or more do
  it.each(cases.map(([what, ...rest], i) => [what, i, ...rest] as const))("%s is refused", async (_, i, file, code, ...words) => {
    const before = everything();
    for (const use of [["inspect", file], uses[i % uses.length]?.(file) ?? []]) {
      expectRefusal(await swivel(use), code, ...words, new RegExp(`${file}\\b`));
    }
    expect(everything()).toEqual(before);
  });

  it("is packed cannot be cut any more", async () => {
    const cut = ["prune", "packed.safetensors", "--criterion", "l1", "--keep-macs", "0.5", "--out", "never.safetensors"];
    expectRefusal(await swivel(cut), "E_INPUT", /packed\.safetensors is packed/, /prune the checkpoint/);
  });

  it("has no slopes cannot be cut by them", async () => {
    const cut = ["prune", "relu.safetensors", "--threshold", "0.1", "--out", "never.safetensors"];
    expectRefusal(await swivel(cut), "E_INPUT", /relu\.safetensors/, /not rotated/, /--criterion l1/);
  });

  it("is not a checkpoint cannot be trained further", async () => {
    const resume = ["train", "--data", good, "--out", "packed.safetensors", "--resume"];
    expectRefusal(await swivel(resume), "E_FORMAT", /packed\.safetensors/, /not a checkpoint/);
    expectRefusal(await swivel(["train", "--out", "missing.safetensors", "--resume"]), "E_NOT_FOUND", /leave --resume out/);
  });
});

describe("a cut that", () => {
  const cut = (...args: string[]) => swivel(["prune", "good.safetensors", ...args, "--out", "cut.safetensors", "--json"]);

  it("asks for too little is refused", async () => {
    const words = [/--keep-macs 0\.001/, /0\.\d+ of the multiply-adds remain/, /lower --minimum/];
    expectRefusal(await cut("--keep-macs", "0.001"), "E_OPTION", ...words);
    expectRefusal(await cut("--keep-macs", "0.5", "--minimum", "1000"), "E_OPTION", /lower --minimum/);
    expectRefusal(await cut("--keep-macs", "0.5", "--protect", "relu9"), "E_OPTION", /--protect names "relu9"/, /relu1, relu2, relu3/);
  });

  it("keeps everything says how far the scores are", async () => {
    const { code, stdout, stderr } = await cut("--threshold", "0.0001");
    expect(code).toBe(0);
    expect(stderr).toMatch(/nothing to cut: the scores by slope lie between [\d.]+ and [\d.]+, the threshold is 0\.0001\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ threshold: null, saved: { params: 0, macs: 0, bytes: 0 } });
    expect(JSON.parse((await cut("--keep-macs", "1")).stdout).saved.macs).toBe(0);
  });

  it("takes all it may leaves one channel in each layer", async () => {
    const { stdout } = await cut("--percentile", "100");
    expect(JSON.parse(stdout)).toMatchObject({ channels: { alive: 3, total: 112 }, warnings: [] });
    await json(["eval", "cut.safetensors", "--data", good, "--threads", "1"]);
  });

  it("kills everything warns, and leaves a network that runs", async () => {
    const { code, stdout, stderr } = await cut("--threshold", "1000");
    expect(code).toBe(0);
    expect(stderr).toMatch(/all 16 channels of "relu1" die: .* set a minimum\n/);
    expect(stderr).toMatch(/no longer depends on its input\n/);
    expect(JSON.parse(stdout)).toMatchObject({ after: { macs: 0 }, saved: { macs: 1 } });
    await json(["pack", "cut.safetensors", "--out", "dead.safetensors"]);
    expect(await json(["eval", "dead.safetensors", "--data", good, "--threads", "1"])).toMatchObject({ accuracy: 0.25, n: 20 });
  });
});

describe("an output that is also an input is refused", () => {
  it.each([
    ["of prune", ["prune", "good.safetensors", "--keep-macs", "0.5", "--out", "./good.safetensors"]],
    ["of pack", ["pack", "good.safetensors", "--out", "good.safetensors"]],
    ["of pack, as ONNX", ["pack", "good.safetensors", "--out", "new.safetensors", "--onnx", "good.safetensors"]],
    ["of init", ["init", "--arch", "small-cnn", "--weights", "good.safetensors", "--out", "good.safetensors"]],
    ["the other output", ["pack", "good.safetensors", "--out", "new.safetensors", "--onnx", "./new.safetensors"]],
  ])("%s", async (_, args) => {
    const before = bytesOf("good.safetensors");
    expectRefusal(await swivel(args), "E_OPTION", /would overwrite/, /choose another name/);
    expect(bytesOf("good.safetensors").equals(before)).toBe(true);
  });
});

describe("weights for another network", () => {
  const { graph, init } = createModel("small-cnn", { activation: "rrelu", input: { channels: 1, height: 12, width: 12 }, classes: 4 });
  const tensors = Object.fromEntries(
    Object.entries(init(new Random(1))).map(([name, data]) => [name, { data, shape: graph.values[name]?.shape as number[] }]),
  );
  type State = Record<string, { data: Float32Array | Int32Array; shape: readonly number[] }>;
  const renamed = (state: State, prefix: string): State =>
    Object.fromEntries(Object.entries(state).map(([name, tensor]) => [prefix + name, tensor]));
  const { "fc2.bias": bias, ...short } = tensors as State;
  const turned = { ...tensors, "fc2.weight": { data: new Float32Array(256), shape: [64, 4] } };
  const counted = { ...tensors, "bn1.num_batches_tracked": { data: Int32Array.of(7), shape: [1] } };
  const spread = { ...tensors, "relu1.slope": { data: (tensors as State)["relu1.slope"]?.data as Float32Array, shape: [16, 1, 1] } };

  it.each<[what: string, state: State, code: "E_FORMAT" | "E_NOT_FOUND" | "E_SHAPE", ...words: RegExp[]]>([
    ["one too many", { ...tensors, extra: bias as State[string] }, "E_FORMAT", /"extra"/, /--arch/],
    ["one missing", short, "E_NOT_FOUND", /"fc2\.bias" is missing/, /--arch/],
    ["one turned round", turned, "E_SHAPE", /"fc2\.weight" is f32 \[64, 4\]/, /\[4, 64\]/, /--classes/],
    ["wrapped ones", renamed(tensors as State, "module."), "E_FORMAT", /"module\./, /leave "module\." out/],
  ])("are refused: %s", async (_, state, code, ...words) => {
    write("state.safetensors", writeSafetensors(state));
    const args = ["init", "--arch", "small-cnn", "--input", "1x12x12", "--classes", "4", "--weights", "state.safetensors"];
    expectRefusal(await swivel([...args, "--out", "never.safetensors"]), code, /state\.safetensors/, ...words);
  });

  it.each([
    ["batch counters", counted],
    ["sizes of one", spread],
  ])("may have %s", async (what, state) => {
    write("state.safetensors", writeSafetensors(state as State));
    const args = ["init", "--arch", "small-cnn", "--input", "1x12x12", "--classes", "4", "--weights", "state.safetensors"];
    await json([...args, "--out", `${what}.safetensors`]);
  });

  it("would be more than a file holds", async () => {
    const args = ["init", "--arch", "lenet", "--input", "1x16384x16384", "--out", "never.safetensors"];
    expectRefusal(await swivel(args), "E_TOO_LARGE", /lenet/, /parameters/, /smaller images/);
  });
});

describe("data", () => {
  const idx = idxFiles({ train: 20, test: 8, classes: 4 });
  const cifar = cifarFiles({ train: 20, test: 8 });
  const pictures = pictureFiles({ train: 9, test: 3, classes: 3 }, ["a", "b", "c"]);
  const first = Object.keys(pictures)[0] as string;
  const without = (files: Files, name: string): Files => Object.fromEntries(Object.entries(files).filter(([other]) => other !== name));
  const cutOff = (files: Files, name: string): Files => ({ ...files, [name]: (files[name] as Uint8Array).subarray(0, -5) });
  const few = Object.fromEntries(["a", "b"].map((name) => [`${name}/1.png`, pictures[first] as Uint8Array]));

  it.each<[what: string, files: Files, code: Parameters<typeof expectRefusal>[1], ...words: RegExp[]]>([
    ["images cut off", cutOff(idx, "train-images-idx3-ubyte"), "E_TRUNCATED", /train-images-idx3-ubyte/, /get the file again/],
    ["labels missing", without(idx, "t10k-labels-idx1-ubyte"), "E_NOT_FOUND", /t10k-labels-idx1-ubyte/],
    ["labels that do not count", { ...idx, "t10k-labels-idx1-ubyte": idxBytes([2], [0, 1]) }, "E_SHAPE", /8 images/, /2 labels/],
    ["no idx at all", { ...idx, "train-images-idx3-ubyte": new TextEncoder().encode("images!") }, "E_FORMAT", /is it the right file/],
    ["one class only", idxFiles({ train: 20, test: 5, classes: 1 }), "E_FORMAT", /one class only/, /two or more/],
    [
      "an endless class name",
      { ...idx, "classes.txt": new TextEncoder().encode(`a\nb\nc\n${"d".repeat(300)}`) },
      "E_FORMAT",
      /"dd/,
      /rename/,
    ],
    ["a CIFAR batch cut off", cutOff(cifar, "data_batch_1.bin"), "E_TRUNCATED", /data_batch_1\.bin/],
    ["no CIFAR test batch", without(cifar, "test_batch.bin"), "E_NOT_FOUND", /test_batch\.bin/],
    ["a damaged picture", cutOff(pictures, first), "E_TRUNCATED", /\.png/],
    ["a picture of nothing", { ...pictures, [first]: new Uint8Array(9) }, "E_FORMAT", /\.png/],
    ["one picture of each class", few, "E_NOT_FOUND", /too few pictures/, /add some/],
    ["nothing of the kind", { "readme.md": new Uint8Array(3) }, "E_NOT_FOUND", /no data set here/, /readme\.md/],
    ["images too small for the network", idxFiles({ train: 20, test: 5, classes: 2, side: 3 }), "E_SHAPE", /small-cnn/, /1×3×3/],
  ])("with %s is refused", async (what, files, code, ...words) => {
    const args = ["train", "--data", put(`bad/${what}`, files), "--epochs", "1", "--out", "never.safetensors", "--threads", "1"];
    expectRefusal(await swivel(args), code, ...words);
    expect(everything()).not.toContain("never.safetensors");
  });

  it.each([
    ["that is missing", "nowhere", "E_NOT_FOUND", /nowhere/],
    ["that is a file", "good.safetensors", "E_NOT_FOUND", /not a folder/],
  ] as const)("%s is refused", async (_, place, code, words) => {
    expectRefusal(await swivel(["eval", "good.safetensors", "--data", place]), code, words);
  });

  it.each<[what: string, data: () => string | undefined, ...words: RegExp[]]>([
    ["images of another size", () => undefined, /1×12×12/, /1×28×28/],
    ["images of another kind", () => put("cifar", cifar), /1×12×12/, /32x32x3/],
    ["more classes", () => put("letters", idxFiles({ train: 52, test: 26, classes: 26, first: 1 })), /4 classes/, /26/],
    ["fewer classes", () => put("folders", pictures), /4 classes/, /3/],
  ])("with %s than the model's is refused", async (_, make, ...words) => {
    const data = make();
    const given = data === undefined ? [] : ["--data", data];
    expectRefusal(await swivel(["eval", "good.safetensors", ...given]), "E_INPUT", ...words);
    const prune = ["prune", "good.safetensors", "--keep-macs", "0.5", "--finetune", "1", ...given, "--out", "never.safetensors"];
    expectRefusal(await swivel(prune), "E_INPUT", ...words);
  });

  it("with other class names is used, and said to be", async () => {
    const named = { ...readAll(good), "classes.txt": new TextEncoder().encode("0\n1\n2\nthree\n") };
    const { code, stderr } = await swivel(["eval", "good.safetensors", "--data", put("named", named), "--threads", "1"]);
    expect(code).toBe(0);
    expect(stderr).toBe('class 3 is "3" to the model and "three" in named: classes are compared by their order, not by their names\n');
  });
});

const readAll = (path: string): Files => Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]));
