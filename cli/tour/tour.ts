/**
 * The main job: train the same small network three ways, choose a threshold on validation images, cut, fine-tune, fold, pack, and compare with
 * the dense network and with the same small network trained from scratch.
 */
import type { Backend } from "../../src/backends/backend.ts";
import { costOf } from "../../src/graph/cost.ts";
import { pairedDifference } from "../../src/intervals.ts";
import { type Model, readModel } from "../../src/model/model.ts";
import { ops } from "../../src/ops/index.ts";
import type { Dataset } from "../../training/data/index.ts";
import type { TrainerEvent } from "../../training/events.ts";
import { initialise } from "../../training/initialise.ts";
import { createModel } from "../../training/models/index.ts";
import { cut, scoreChannels, sitesOf } from "../../training/prune/index.ts";
import { Random } from "../../training/random.ts";
import { defaultSettings, type TrainingSettings, trainerSettings } from "../../training/settings.ts";
import { Trainer } from "../../training/trainer.ts";
import { preprocessOf } from "../../training/trainer_setup.ts";
import { count, type Output, plural } from "../output.ts";
import { packModel } from "../pack.ts";
import { trainingProgress } from "../progress.ts";
import { ARMS, budgetOf, FINETUNE, FINETUNE_SHARE } from "./budget.ts";
import { layersOf, testModel, thisMachine, timeBoth } from "./measure.ts";
import type { ArmFacts, ArmHistory, CurvePoint, NetworkFacts, SlopeHistory, TourRecord } from "./record.ts";
import { chooseThreshold } from "./threshold.ts";

/** Test images below which a user should know that they are few. */
const FEW_IMAGES = 200;

export interface TourOptions {
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly epochs: number;
  readonly seed: number;
}

export interface TourResult {
  readonly record: TourRecord;
  /** Files of the dense and the packed network. */
  readonly models: { readonly dense: Uint8Array; readonly packed: Uint8Array };
}

/** One training: its epochs, and those of the trainings after it. */
interface Phase {
  /** Whose order of images it sees; "training" unless given. */
  readonly order?: "fine-tuning";
  readonly epochs: number;
  readonly later: number;
}

interface Trained {
  readonly model: Model;
  readonly history: ArmHistory;
}

export async function runTour(options: TourOptions): Promise<TourResult> {
  const { dataset, backend, output, signal, epochs, seed } = options;
  const start = performance.now();
  const { train: training, validation, test } = dataset;
  output.note(
    `${dataset.name}: ${count(training.count)} training, ${count(validation.count)} validation, ${count(test.count)} test images`,
  );
  if (test.count < FEW_IMAGES) output.note(`${plural(test.count, "test image")}: too few for accuracies and intervals to say much`);
  const budget = budgetOf(dataset, epochs, seed);
  const more = Math.max(1, Math.round(epochs * FINETUNE_SHARE));
  const phases = phasesOf([...ARMS.map(() => epochs), more, epochs + more]);
  const arms: Trained[] = [];
  for (const [i, arm] of ARMS.entries()) {
    const { graph, init } = createModel("small-cnn", {
      activation: arm.activation,
      input: inputOf(dataset),
      classes: dataset.classNames.length,
    });
    const model: Model = { graph, tensors: init(new Random(seed)), preprocess: preprocessOf(dataset), classNames: dataset.classNames };
    arms.push(await train(options, arm.name, model, arm.settings, phases[i] as Phase));
  }
  const [relu, , sparse] = arms as [Trained, Trained, Trained];

  output.progress("choosing the threshold on validation images");
  const scores = await scoreChannels(sparse.model.graph, sparse.model.tensors, { criterion: "slope", signal });
  const choice = await chooseThreshold(sparse.model, scores, dataset, budget.validation, backend, signal);
  const { report: cutReport, ...small } = cut(sparse.model.graph, sparse.model.tensors, choice.selection.survivors);
  const cutModel: Model = { ...sparse.model, ...small };
  const tuned = await train(options, "fine-tuning", cutModel, FINETUNE, { ...(phases.at(-2) as Phase), order: "fine-tuning" });
  const fresh: Model = { ...cutModel, tensors: initialise(small.graph, new Random(`scratch ${seed}`)) };
  const scratch = await train(options, "from scratch", fresh, defaultSettings, phases.at(-1) as Phase);

  output.progress("testing and timing");
  const files = { dense: packModel(relu.model), packed: packModel(tuned.model) };
  const results = {
    dense: await testModel(files.dense, dataset, signal),
    packed: await testModel(files.packed, dataset, signal),
    scratch: await testModel(packModel(scratch.model), dataset, signal),
  };
  const armFacts: ArmFacts[] = [];
  for (const [i, { model, history }] of arms.entries()) {
    const { accuracy } = i === 0 ? results.dense : await testModel(packModel(model), dataset, signal);
    armFacts.push({ name: history.name, accuracy, ...filtersOf(model, i === 0 ? undefined : choice.threshold) });
  }
  const dense = factsOf(files.dense, results.dense.accuracy);
  const packed = factsOf(files.packed, results.packed.accuracy);
  const record: TourRecord = {
    report: {
      dataset: { name: dataset.name, train: dataset.train.count, validation: budget.validation.count, test: dataset.test.count },
      arms: armFacts,
      dense,
      packed,
      scratch: { accuracy: results.scratch.accuracy },
      saved: {
        params: 1 - packed.params / dense.params,
        macs: 1 - packed.macs / dense.macs,
        bytes: 1 - packed.bytes / dense.bytes,
      },
      difference: pairedDifference(results.packed.hits, results.dense.hits),
      threshold: choice.threshold,
      backends: {
        wasm: await timeBoth(files.dense, files.packed, dataset, "wasm", signal),
        webgpu: await timeBoth(files.dense, files.packed, dataset, "webgpu", signal),
      },
      seed,
      machine: thisMachine(),
      seconds: (performance.now() - start) / 1000,
    },
    // the slopes of the control are no part of the story
    histories: [...arms.map(({ history }) => history), { ...scratch.history, slopes: [] }],
    thresholds: choice.points,
    survivors: cutReport.sites.map(({ name, stored, channels }) => ({ layer: name, alive: stored, total: channels })),
    layers: { dense: await layersOf(files.dense, dataset), packed: await layersOf(files.packed, dataset) },
  };
  return { record, models: files };
}

/** Of all trainings of the job, in order. */
const phasesOf = (epochs: readonly number[]): Phase[] =>
  epochs.map((own, i) => ({ epochs: own, later: epochs.slice(i + 1).reduce((sum, other) => sum + other, 0) }));

const inputOf = ({ channels, height, width }: Dataset) => ({ channels, height, width });

/** Trains for as many images as the epochs stand for, and keeps the curve. Every arm sees the same images in the same order. */
async function train(options: TourOptions, name: string, model: Model, settings: TrainingSettings, phase: Phase): Promise<Trained> {
  const { dataset, backend, output, signal, seed } = options;
  const budget = budgetOf(dataset, phase.epochs, seed, phase.order);
  const points: CurvePoint[] = [];
  const slopes: Record<string, number[][]> = {};
  const keepSlopes = (event: Extract<TrainerEvent, { kind: "start" | "epoch" }>): void => {
    for (const [layer, values] of Object.entries(event.slopes)) {
      slopes[layer] ??= [];
      slopes[layer].push([...values]);
    }
  };
  const progress = trainingProgress(output, { label: name, later: phase.later * budget.stepsPerEpoch });
  const trainer = await Trainer.create({
    ...trainerSettings(settings),
    model,
    data: budget.data,
    backend,
    steps: budget.steps,
    seed,
    onEvent(event) {
      progress(event);
      if (event.kind === "start" || event.kind === "epoch") keepSlopes(event);
      if (event.kind === "epoch") {
        const { train, validation = train, epoch } = event;
        points.push({
          epoch,
          loss: train.loss,
          accuracy: train.accuracy,
          validationLoss: validation.loss,
          validationAccuracy: validation.accuracy,
        });
      }
    },
  });
  try {
    await trainer.run({ signal });
    const history: SlopeHistory[] = Object.entries(slopes).map(([layer, values]) => ({ layer: layer.replace(/\.slope$/, ""), values }));
    return { model: { ...model, tensors: await trainer.tensors() }, history: { name, points, slopes: history } };
  } finally {
    trainer.dispose();
  }
}

/** Filters (channels of activations), and those whose slope is above the threshold; without slopes all are alive. */
function filtersOf({ graph, tensors }: Model, threshold: number | undefined): { aliveFilters: number; totalFilters: number } {
  let aliveFilters = 0;
  let totalFilters = 0;
  for (const { channels, slope } of sitesOf(graph)) {
    totalFilters += channels;
    const slopes = slope === undefined || threshold === undefined ? undefined : (tensors[slope] as Float32Array);
    aliveFilters += slopes ? slopes.filter((b) => Math.abs(b) > (threshold as number)).length : channels;
  }
  return { aliveFilters, totalFilters };
}

/** Of the packed file: what ships. */
function factsOf(file: Uint8Array, accuracy: number): NetworkFacts {
  const { params, macs } = costOf(readModel(file).graph, ops);
  return { accuracy, params, macs, bytes: file.length };
}
