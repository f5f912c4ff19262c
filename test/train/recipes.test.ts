/** Recipes are data: they survive JSON, say what they do, change as asked, and each of their stages does what it says. */
import { describe, expect, it } from "vitest";
import { costOf } from "../../src/graph/cost.ts";
import { valuesOf } from "../../src/graph/graph.ts";
import { ops } from "../../src/ops/index.ts";
import { wasmTrainingBackend } from "../../training/backends/wasm.ts";
import type { Dataset } from "../../training/data/index.ts";
import { createModel } from "../../training/models/index.ts";
import { parameterKinds } from "../../training/parameters.ts";
import { Random } from "../../training/random.ts";
import {
  chain,
  describeRecipe,
  type FinishedStage,
  override,
  parseStagedRecipe,
  recipeNamed,
  recipes,
  runRecipe,
  type StagedRecipe,
  workOf,
} from "../../training/recipes/index.ts";
import { toyDataset } from "./toy.ts";

const all = Object.values(recipes);

describe("every recipe", () => {
  it.each(all.map((recipe) => [recipe.name, recipe] as const))(
    "%s is JSON that reads back as it is, and builds its network",
    (_, recipe) => {
      expect(parseStagedRecipe(JSON.stringify(recipe))).toEqual(recipe);
      expect(describeRecipe(recipe)).toHaveLength(recipe.stages.length);
      const channels = recipe.arch.startsWith("mlp") ? 1 : 3;
      const side = channels === 1 ? 28 : 32;
      const { graph } = createModel(recipe.arch, {
        activation: recipe.activation,
        input: { channels, height: side, width: side },
        classes: 10,
      });
      expect(costOf(graph, ops).params).toBeGreaterThan(0);
    },
  );

  const sparse = recipeNamed("sparse");
  /** With other fields in the recipe, or in one of its stages. */
  const change = (fields: object, at?: number): string => {
    const stages = sparse.stages.map((stage, i) => (i === at ? { ...stage, ...fields } : stage));
    return JSON.stringify({ ...sparse, stages, ...(at === undefined && fields) });
  };
  it.each<[what: string, document: string, words: RegExp]>([
    ["no stages", change({ stages: [] }), /no stages/],
    ["an unknown key", change({ evidence: 1 }), /unknown key "evidence"/],
    ["an unknown stage", change({ kind: "nap" }, 0), /kind is "nap"/],
    ["half an epoch", change({ epochs: 0.5 }, 0), /epochs is 0\.5/],
    ["two goals", change({ goal: { keepMacs: 1, threshold: 1 } }, 1), /exactly one/],
    ["more than everything", change({ goal: { keepMacs: 2 } }, 1), /goal\.keepMacs is 2/],
    ["no JSON", "{", /no valid JSON/],
  ])("with %s is refused", (_, document, words) => {
    expect(() => parseStagedRecipe(document)).toThrow(words);
  });
});

describe("overrides", () => {
  const trainings = (recipe: StagedRecipe) => recipe.stages.flatMap((stage) => (stage.kind === "train" ? [stage] : []));

  it("change the first training, and those after it in proportion", () => {
    const changed = trainings(
      override(recipeNamed("sparse"), { epochs: 6, rate: 0.02, batchSize: 10, flip: false, crop: 1, weightDecay: 0 }),
    );
    expect(
      changed.map(({ epochs, optimizer, batchSize, augment }) => [epochs, optimizer.rate, optimizer.weightDecay, batchSize, augment]),
    ).toEqual([
      [6, 0.02, 0, 10, { flip: false, crop: 1 }],
      [2, 0.01, 0, 10, { flip: false, crop: 1 }],
    ]);
  });

  it("change L1 where it is, put it where it is not, and take it away", () => {
    const l1 = (name: string, strength: number) => trainings(override(recipeNamed(name), { l1: strength })).map(({ slopes }) => slopes?.l1);
    expect(l1("sparse", 0.2)).toEqual([{ strength: 0.2, mode: "proximal" }, undefined]);
    expect(l1("rrelu", 0.2)).toEqual([{ strength: 0.2, mode: "proximal" }]);
    expect(l1("rrelu-l1", 0)).toEqual([undefined]);
  });

  it("that mean nothing are refused, and none change nothing", () => {
    expect(() => override(recipeNamed("rrelu"), { keepMacs: 0.5 })).toThrow(/E_OPTION recipe rrelu cuts nothing/);
    for (const recipe of all) expect(override(recipe, {})).toEqual(recipe);
    expect(() => recipeNamed("none")).toThrow(/E_OPTION no recipe "none"; there are relu, rrelu/);
  });
});

it("the work ahead counts images, what a cut saves, and validation", () => {
  const data = { train: { count: 90 }, validation: { count: 30 } } as Dataset;
  expect(workOf(override(recipeNamed("sparse"), { epochs: 6 }), data)).toEqual([600, 0, 100]);
});

describe("stages", () => {
  const dataset = { ...toyDataset(), width: 12, height: 12 };
  // the toy's pictures, each pixel four times as large
  const enlarge = (split: Dataset["test"]) => ({
    ...split,
    images: Uint8Array.from({ length: split.count * 144 }, (_, i) => {
      const [image, y, x] = [Math.floor(i / 144), Math.floor((i % 144) / 12), i % 12];
      return split.images[36 * image + 6 * (y >> 1) + (x >> 1)] as number;
    }),
  });
  const data: Dataset = { ...dataset, train: enlarge(dataset.train), validation: enlarge(dataset.validation), test: enlarge(dataset.test) };
  const small = { arch: "small-cnn", epochs: 1, batchSize: 26, flip: false, crop: 0 } as const;

  async function run(recipe: StagedRecipe): Promise<FinishedStage[]> {
    const finished: FinishedStage[] = [];
    const backend = await wasmTrainingBackend({ threads: 1 });
    try {
      await runRecipe({ recipe, dataset: data, backend, seed: 3, onStage: (stage) => void finished.push(stage) });
      return finished;
    } finally {
      backend.dispose();
    }
  }
  const tensorsOf = ({ model: { graph, tensors } }: FinishedStage, kind: string) =>
    [...parameterKinds(graph)].filter(([, own]) => own === kind).map(([name]) => tensors[name] as Float32Array);

  it("two-step: slopes alone, a cut, then weights alone", async () => {
    const recipe = override(recipeNamed("two-step"), { ...small, arch: "small-cnn" });
    const start = createModel("small-cnn", { activation: "rrelu", input: data, classes: 3 }).init(new Random(3));
    const [slopes, cut, weights] = (await run(recipe)) as [FinishedStage, FinishedStage, FinishedStage];
    for (const [name, kind] of parameterKinds(slopes.model.graph)) {
      const moved = (slopes.model.tensors[name] as Float32Array).some((value, i) => value !== start[name]?.[i]);
      expect([name, moved]).toEqual([name, kind === "slope"]);
    }
    expect(cut.report?.before.params).toBeGreaterThan(0);
    expect(tensorsOf(weights, "slope")).toEqual(tensorsOf(cut, "slope"));
    expect(tensorsOf(weights, "weight")).not.toEqual(tensorsOf(cut, "weight"));
  });

  it("retrain, slim and start from scratch", async () => {
    const retrained = await run(override(chain("all", "…", recipeNamed("relu"), recipeNamed("retrain")), small));
    const [relu, rotated] = retrained as [FinishedStage, FinishedStage];
    expect(tensorsOf(relu, "slope")).toEqual([]);
    expect(new Set(tensorsOf(rotated, "slope").flatMap((slopes) => [...slopes]))).toEqual(new Set([1]));
    expect(tensorsOf(rotated, "weight")).toEqual(tensorsOf(relu, "weight"));

    const cut = { kind: "cut", criterion: "gamma", goal: { keepMacs: 0.5 }, minimum: 2 } as const;
    const slim = await run(override(chain("slim", "…", recipeNamed("slimming"), cut, recipeNamed("scratch")), small));
    const [trained, slimmed, fresh, last] = slim as [FinishedStage, FinishedStage, FinishedStage, FinishedStage];
    // one epoch moves a scale a little from where it started
    for (const gamma of tensorsOf(trained, "gamma")) expect(Math.abs((gamma[0] as number) - 0.5)).toBeLessThan(0.3);
    const macs = ({ model }: FinishedStage) => costOf(model.graph, ops).macs;
    expect(macs(slimmed) / macs(trained)).toBeLessThanOrEqual(0.5);
    expect([macs(fresh), macs(last)]).toEqual([macs(slimmed), macs(slimmed)]);
    expect(valuesOf(fresh.model.graph, "param").map(({ name }) => name)).toEqual(
      valuesOf(slimmed.model.graph, "param").map(({ name }) => name),
    );
    expect(tensorsOf(fresh, "weight")).not.toEqual(tensorsOf(slimmed, "weight"));
  });

  it("refuse a start that is missing, not wanted, or cut already", async () => {
    await expect(run(override(recipeNamed("finetune"), small))).rejects.toThrow(/E_OPTION recipe finetune goes on from a network/);
    const cut = { kind: "cut", criterion: "l1", goal: { keepMacs: 0.5 }, minimum: 2 } as const;
    const late = override(chain("late", "…", recipeNamed("relu"), cut, recipeNamed("retrain")), small);
    await expect(run(late)).rejects.toThrow(/E_INPUT the network is not small-cnn as it was made/);
  });
});
