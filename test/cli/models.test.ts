/** Models that other programs might write: the command takes them for what they say they are. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Model, readModel, writeModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import { Net } from "../../training/net.ts";
import { Random } from "../../training/random.ts";
import { idxFiles, pictureFiles } from "./data.ts";
import { bytesOf, expectRefusal, folder, json, put, swivel } from "./run.ts";

const write = (name: string, model: Model): void => writeFileSync(join(folder, name), writeModel(model));
const ONE = ["--threads", "1"];

it("one that reads blue before red is shown blue before red", async () => {
  const data = put("pictures", pictureFiles({ train: 60, test: 18, classes: 3, side: 20 }, ["cat", "dog", "owl"]));
  await json(["train", "--data", data, "--epochs", "1", "--out", "rgb.safetensors", ...ONE]);
  const { training: _, ...rgb } = readModel(bytesOf("rgb.safetensors"));
  const { mean, std, ...preprocess } = rgb.preprocess as NonNullable<Model["preprocess"]>;
  // the same network with the input planes of its first filters turned round
  const weights = rgb.tensors["conv1.weight"] as Float32Array;
  const turned = weights.map((_, i) => weights[i - (i % 27) + (2 - Math.floor((i % 27) / 9)) * 9 + (i % 9)] as number);
  write("bgr.safetensors", {
    ...rgb,
    tensors: { ...rgb.tensors, "conv1.weight": turned },
    preprocess: { ...preprocess, order: "BGR", mean: [...mean].reverse(), std: [...std].reverse() },
  });
  const accuracyOf = async (file: string) => (await json(["eval", file, "--data", data, ...ONE])).accuracy;
  expect(await accuracyOf("bgr.safetensors")).toBe(await accuracyOf("rgb.safetensors"));
  const prune = async (file: string) =>
    (await json(["prune", file, "--keep-macs", "1", "--data", data, "--out", `${file}.cut`, ...ONE])).before;
  expect((await prune("bgr.safetensors")).accuracy).toBe((await prune("rgb.safetensors")).accuracy);
});

const four = () => put("four", idxFiles({ train: 40, test: 8, classes: 4 }));

it("one that ends in a softmax is evaluated, and not fine-tuned", async () => {
  const { graph, init } = new Net({ channels: 1, height: 12, width: 12 }).flatten().linear(9).relu().linear(4).softmax().build();
  write("softmax.safetensors", { graph, tensors: init(new Random(1)) });
  expect(await json(["eval", "softmax.safetensors", "--data", four(), ...ONE])).toMatchObject({ n: 8 });
  const prune = ["prune", "softmax.safetensors", "--criterion", "l1", "--keep-macs", "0.5", "--out", "never.safetensors"];
  expectRefusal(await swivel([...prune, "--finetune", "1", "--data", four()]), "E_GRAPH", /softmax/, /leave it out/);
});

it("one that takes no images says so, and is inspected and packed all the same", async () => {
  const builder = new GraphBuilder(ops);
  const x = builder.input("x", ["N", 4]);
  builder.output(builder.add("linear", "logits", { x, w: builder.param("w", [3, 4]) }));
  write("vectors.safetensors", { graph: builder.build(), tensors: { w: new Float32Array(12).fill(1) } });
  expectRefusal(await swivel(["eval", "vectors.safetensors", "--data", four()]), "E_INPUT", /\[N, 4\]/, /no images/);
  expect(await json(["inspect", "vectors.safetensors"])).toMatchObject({ params: 12, inputs: [{ name: "x", shape: ["N", 4] }] });
  await json(["pack", "vectors.safetensors", "--out", "vectors-packed.safetensors"]);
});
