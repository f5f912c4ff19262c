/** What stages other than training do to a network, and how a recipe's first network is made. Everything follows from the seed. */
import type { Backend } from "../../src/backends/backend.ts";
import { InputError } from "../../src/errors.ts";
import type { TensorData } from "../../src/graph/graph.ts";
import { type Model, readModel, writeModel } from "../../src/model/model.ts";
import { batches } from "../data/batches.ts";
import type { BatchSource, Dataset } from "../data/dataset.ts";
import { initialise } from "../initialise.ts";
import { createModel } from "../models/index.ts";
import { parameterKinds } from "../parameters.ts";
import { cut } from "../prune/cut.ts";
import type { CutReport } from "../prune/report.ts";
import { scoreChannels } from "../prune/scores.ts";
import { select } from "../prune/select.ts";
import { Random } from "../random.ts";
import type { CutStage, StagedRecipe } from "./staged.ts";

/** Where a recipe runs, and on what. */
export interface RecipeGround {
  readonly dataset: Dataset;
  /** Must know the training ops. */
  readonly backend: Backend;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** A network between two stages. */
export type RecipeModel = Omit<Model, "training">;

const CALIBRATION_IMAGES = 512;

/** The first training images, for criteria that need data. */
export function calibrationBatches(dataset: Dataset): BatchSource {
  const { train } = dataset;
  const count = Math.min(CALIBRATION_IMAGES, train.count);
  const pixels = train.images.length / train.count;
  const part = { count, images: train.images.subarray(0, count * pixels), labels: train.labels.subarray(0, count) };
  return batches(part, dataset, { size: 64 });
}

/** The network as a recipe begins it. Throws what `createModel` throws. */
export function firstModel(recipe: StagedRecipe, { dataset, seed }: Pick<RecipeGround, "dataset" | "seed">): RecipeModel {
  const { arch, activation, gammaStart } = recipe;
  const { graph, init } = createModel(arch, { activation, input: dataset, classes: dataset.classNames.length });
  const tensors: Record<string, TensorData> = { ...init(new Random(seed)) };
  if (gammaStart !== undefined) {
    for (const [name, kind] of parameterKinds(graph))
      if (kind === "gamma") tensors[name] = (tensors[name] as TensorData).map(() => gammaStart);
  }
  return { graph, tensors, classNames: dataset.classNames, info: { architecture: arch, activation } };
}

/** Scores, chooses and cuts. Throws what these throw, and InputError E_INPUT where the criterion applies to no activation. */
export async function cutModel(
  model: RecipeModel,
  { criterion, goal, minimum }: CutStage,
  { dataset, backend, seed, signal }: RecipeGround,
): Promise<{ readonly model: RecipeModel; readonly report: CutReport }> {
  const { graph, tensors } = model;
  const calibration = { backend, batches: calibrationBatches(dataset) };
  const scores = await scoreChannels(graph, tensors, { criterion, seed, signal, calibration });
  if (Object.keys(scores.sites).length === 0) {
    const why = Object.values(scores.skipped)[0] ?? "there is none";
    throw new InputError("E_INPUT", `criterion ${criterion} applies to no activation of the network: ${why}; take l1 or taylor`);
  }
  const { survivors } = select(graph, tensors, scores, { ...goal, minimum });
  const { report, ...small } = cut(graph, tensors, survivors);
  // as a file holds it, so that a run which goes on from one writes the same bytes
  return { model: readModel(writeModel({ ...model, ...small })), report };
}

/** The same network with slopes of 1. Throws InputError E_INPUT for a network that is not the architecture's, with ReLU, as it was made. */
export function rotated(model: RecipeModel, { dataset, seed }: Pick<RecipeGround, "dataset" | "seed">): RecipeModel {
  const arch = model.info?.architecture;
  if (arch === undefined)
    throw new InputError(
      "E_INPUT",
      "the network does not say of which architecture it is, so that its rotated form cannot be made; start from a checkpoint of swivel train",
    );
  const { graph } = createModel(arch, { activation: "rrelu", input: dataset, classes: dataset.classNames.length });
  const ones = initialise(graph, new Random(seed), { slopes: "ones" });
  const slopes = new Set([...parameterKinds(graph)].flatMap(([name, kind]) => (kind === "slope" ? [name] : [])));
  const entries = Object.entries(ones).map(([name, start]): [string, TensorData] => {
    if (slopes.has(name)) return [name, start as TensorData];
    const own = model.tensors[name];
    if (own?.length !== start.length)
      throw new InputError(
        "E_INPUT",
        `the network is not ${arch} as it was made: "${name}" has ${own?.length ?? 0} numbers, not ${start.length}; rotate it before it is cut`,
      );
    return [name, own];
  });
  return { ...model, graph, tensors: Object.fromEntries(entries), info: { ...model.info, activation: "rrelu" } };
}

/** The same graph, untrained. Depends on its seed, and not on what the network had learned. */
export function forgotten(model: RecipeModel, seed: number): RecipeModel {
  return { ...model, tensors: initialise(model.graph, new Random(`scratch ${seed}`)) };
}
