/** How a network made from given weights normalises its images. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/model/model.ts";
import { writeSafetensors } from "../../src/model/safetensors.ts";
import { createModel } from "../../training/models/index.ts";
import { Random } from "../../training/random.ts";
import { expectRefusal, folder, json, swivel } from "./run.ts";

const colour = ["init", "--arch", "small-cnn", "--input", "3x12x12", "--classes", "4"];
const out = ["--out", "out.safetensors"];
const usual = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

beforeAll(() => {
  const { graph, init } = createModel("small-cnn", { activation: "rrelu", input: { channels: 3, height: 12, width: 12 }, classes: 4 });
  const tensors = init(new Random(1));
  const state = Object.entries(tensors).map(([name, data]) => [name, { data, shape: graph.values[name]?.shape as number[] }]);
  writeFileSync(join(folder, "state.safetensors"), writeSafetensors(Object.fromEntries(state)));
  const preprocess = { channels: 3, height: 12, width: 12, order: "BGR", mean: [0.1, 0.2, 0.3], std: [1, 2, 3] } as const;
  writeFileSync(join(folder, "model.safetensors"), writeModel({ graph, tensors, preprocess, classNames: ["a", "b", "c", "d"] }));
});

describe("images are normalised", () => {
  it.each<[what: string, args: string[], expected: object | undefined]>([
    ["with the usual numbers where a state dict says nothing", ["--weights", "state.safetensors"], { ...usual, order: "RGB", width: 12 }],
    ["as a model does whose weights are taken", ["--weights", "model.safetensors"], { order: "BGR", mean: [0.1, 0.2, 0.3] }],
    ["as asked for", ["--weights", "model.safetensors", "--mean", ".5,.5,.5", "--std", "1,.5,.25"], { order: "RGB", std: [1, 0.5, 0.25] }],
    ["with the data's numbers, later, where weights are fresh", [], undefined],
  ])("%s", async (_, args, expected) => {
    await json([...colour, ...args, ...out]);
    const { preprocess } = await json(["inspect", "out.safetensors"]);
    if (expected === undefined) expect(preprocess).toBeUndefined();
    else expect(preprocess).toMatchObject(expected);
  });

  it("and a guess is told", async () => {
    const { stderr } = await swivel([...colour, "--weights", "state.safetensors", ...out]);
    expect(stderr).toBe(
      "state.safetensors does not say how images were normalised: taken is the usual mean 0.485, 0.456, 0.406, std 0.229, 0.224, 0.225; --mean and --std change it\n",
    );
  });

  it("and classes keep the names that a model gave them", async () => {
    await json([...colour, "--weights", "model.safetensors", ...out]);
    expect((await json(["inspect", "out.safetensors"])).classNames).toEqual(["a", "b", "c", "d"]);
  });

  it.each<[what: string, args: string[], ...words: RegExp[]]>([
    ["half an answer", ["--mean", "0.5,0.5,0.5"], /--std/, /both/],
    ["too few numbers", ["--mean", "0.5", "--std", "1,1,1"], /--mean has 1/, /3 channels/],
    ["a spread of 0", ["--mean", "0,0,0", "--std", "1,0,1"], /--std has a 0/],
    ["words", ["--mean", "a,b,c", "--std", "1,1,1"], /number/],
  ])("but not with %s", async (_, args, ...words) => {
    expectRefusal(await swivel([...colour, ...args, "--out", "never.safetensors"]), "E_OPTION", ...words);
  });
});
