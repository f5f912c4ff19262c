import type { ChildProcess } from "node:child_process";
import { describe, expect, it } from "vitest";
import { recipeOf, recipes } from "../../training/recipes/index.ts";
import { idxFiles } from "./data.ts";
import { bytesOf, expectRefusal, json, put, swivel } from "./run.ts";

const data = put("squares", idxFiles({ train: 200, test: 40, classes: 4 }));
const train = (out: string, ...args: string[]): string[] => ["train", "--data", data, "--threads", "1", "--out", out, ...args];
/** Training of 12 epochs, a cut, and four of fine-tuning. */
const sparse = (out: string, ...args: string[]): string[] =>
  train(out, "--recipe", "sparse", "--arch", "small-cnn", "--epochs", "12", "--batch", "16", "--no-flip", "--crop", "1", ...args);

describe("a recipe of several stages", () => {
  let uninterrupted: ReturnType<typeof swivel> | undefined;
  const whole = () => {
    uninterrupted ??= swivel(sparse("whole.safetensors", "--keep-macs", "0.4"));
    return uninterrupted;
  };

  it("says what it does, how long that takes, and what the cut saved, and ends with the cut network", async () => {
    const { code, stdout, stderr } = await whole();
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^sparse: rotated ReLU with L1, cut to half/);
    expect(stderr).toContain("small-cnn, rrelu\n");
    expect(stderr).toContain("training: 12 epochs, batches of 16, sgd 0.1, one-cycle, weight decay 0.0001, slopes without decay");
    expect(stderr).toContain("cut by slope: to 40 % of the multiply-adds\n");
    expect(stderr).toContain("fine-tuning: 4 epochs");
    expect(stderr.match(/about \d+ seconds? from here, by the first steps/g)).toHaveLength(1);
    expect(stderr).toMatch(/stage 2 of 3, cut by slope.*6\d\.\d\d % of the multiply-adds and/);
    expect(stdout).toMatch(/of 40 test images right\nwhole\.safetensors: /);
    const { macs, channels } = await json(["inspect", "whole.safetensors"]);
    expect(macs / 205312).toBeLessThanOrEqual(0.4);
    await json(["pack", "whole.safetensors", "--out", "packed.safetensors"]);
    expect(recipeOf(bytesOf("packed.safetensors"))).toBe(undefined);
    expect(channels.some(({ left, of }: { left: number; of: number }) => left < of)).toBe(true);
  });

  it.each([3, 14])("killed after %i epochs goes on in the right stage, to the same bits", async (epochs) => {
    await whole();
    const out = `killed-${epochs}.safetensors`;
    let killed = false;
    const onStderr = (text: string, child: ChildProcess) => {
      if (killed || (text.match(/ {2}loss /g) ?? []).length < epochs) return;
      killed = true;
      child.kill("SIGKILL");
    };
    expect((await swivel(sparse(out, "--keep-macs", "0.4"), { onStderr })).code).toBe(null);
    expect(recipeOf(bytesOf(out))?.index).toBe(epochs < 12 ? 0 : 2);
    const result = await json(train(out, "--resume"));
    expect(result).toMatchObject({ recipe: "sparse", arch: "small-cnn", activation: "rrelu", seed: 0, test: { count: 40 } });
    expect(bytesOf(out).equals(bytesOf("whole.safetensors"))).toBe(true);
  });

  it.each<[what: string, args: string[], ...words: RegExp[]]>([
    ["another recipe", ["--recipe", "rrelu"], /--recipe rrelu/, /begun with sparse/],
    ["more epochs", ["--epochs", "13"], /--epochs 13/],
    ["another share", ["--keep-macs", "0.5"], /--keep-macs 0\.5/],
    ["mirrored images", ["--flip"], /--flip: /],
    ["another seed", ["--seed", "4"], /--seed 4/],
    ["other weights", ["--weights", "whole.safetensors"], /--weights/],
  ])("does not take %s on the way", async (_, args, ...words) => {
    await whole();
    expectRefusal(await swivel(train("whole.safetensors", "--resume", ...args)), "E_OPTION", ...words, /whole\.safetensors/);
  });
});

it("goes on from a network that is there, and refuses to where it is missing or not wanted", async () => {
  await json(train("relu.safetensors", "--recipe", "relu", "--arch", "small-cnn", "--epochs", "1", "--no-flip", "--crop", "0"));
  const retrain = ["--recipe", "retrain", "--epochs", "1", "--weights", "relu.safetensors"];
  const { activation, recipe } = await json(train("retrained.safetensors", ...retrain));
  expect({ activation, recipe }).toEqual({ activation: "rrelu", recipe: "retrain" });
  expectRefusal(await swivel(train("a.safetensors", "--recipe", "retrain")), "E_OPTION", /retrain goes on from a network/, /--weights/);
  expectRefusal(
    await swivel(train("a.safetensors", "--recipe", "relu", "--weights", "relu.safetensors")),
    "E_OPTION",
    /weights of its own/,
  );
  expectRefusal(await swivel(train("a.safetensors", "--weights", "relu.safetensors")), "E_OPTION", /--weights goes with a recipe/);
  expectRefusal(
    await swivel(train("a.safetensors", "--recipe", "nought")),
    "E_OPTION",
    ...Object.keys(recipes).map((name) => RegExp(name)),
  );
});
