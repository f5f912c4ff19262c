/** `swivel train`: trains a network from scratch, or goes on from its last checkpoint. */
import { existsSync } from "node:fs";
import { Command } from "commander";
import { InputError, ModelError, SwivelError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";
import { readSource } from "../../src/source.ts";
import type { TrainingTask } from "../../training/backends/fastest.ts";
import type { Dataset } from "../../training/data/index.ts";
import type { TrainerEvent } from "../../training/events.ts";
import { Random } from "../../training/random.ts";
import { recipes } from "../../training/recipes/index.ts";
import { defaultSettings, type TrainingSettings, trainerSettings } from "../../training/settings.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerSettings } from "../../training/trainer_options.ts";
import { activationOption, architectureNames, buildNet } from "../build.ts";
import { openData } from "../data.ts";
import { checkTarget, naming } from "../files.ts";
import * as common from "../options.ts";
import { plural, trained } from "../output.ts";
import { trainingProgress } from "../progress.ts";
import { recipeFor, trainByRecipe } from "../recipe_training.ts";
import { checkData, checkOptions, recordedOptions } from "../resume.ts";

export interface TrainOptions extends TrainingSettings {
  recipe?: string;
  weights?: string;
  keepMacs?: number;
  arch: string;
  activation: "relu" | "rrelu";
  data?: string;
  epochs: number;
  batch: number;
  flip?: boolean;
  crop: number;
  limit?: number;
  backend: common.TrainingBackend;
  threads: number | "auto";
  seed: number;
  out: string;
  resume?: boolean;
}

export const trainCommand = (): Command =>
  new Command("train")
    .description("train a network; its file is a checkpoint, whole at any time, from which --resume goes on")
    .option("--recipe <name>", `a recipe, whose settings other options then change: ${Object.keys(recipes).join(", ")}`)
    .option("--weights <file>", "the network that a recipe goes on from")
    .option("--keep-macs <share>", "the share of multiply-adds that a recipe's cuts keep", common.share)
    .option("--arch <name>", `one of ${architectureNames}`, "small-cnn")
    .addOption(activationOption())
    .addOption(common.dataOption())
    .option("--limit <count>", "use so many training images at most, validation among them", common.integer(2))
    .option("--epochs <count>", "passes over the training images", common.integer(1), 12)
    .option("--batch <count>", "images of an update", common.integer(1), 32)
    .option("--rate <number>", "peak learning rate of SGD; it rises and falls in one cycle", common.number(0), defaultSettings.rate)
    .option("--weight-decay <number>", "of everything but slopes", common.number(0), defaultSettings.weightDecay)
    .option("--l1 <number>", "proximal L1 on the slopes: switches filters off", common.number(0), defaultSettings.l1)
    .option("--slope-rate <number>", "learning rate of slopes relative to the others'", common.number(0), defaultSettings.slopeRate)
    .option("--flip", "mirror training images at random")
    .option("--no-flip", "do not, where a recipe does")
    .option("--crop <pixels>", "shift training images at random by so many pixels", common.integer(0, 1024), 0)
    .addOption(common.trainingBackendOption())
    .addOption(common.threadsOption())
    .addOption(common.seedOption("of weights, order and augmentation"))
    .requiredOption("--out <file>", "the checkpoint, written after each epoch and each minute")
    .option("--resume", "go on from the checkpoint, to the bits of an uninterrupted run")
    .addOption(common.jsonOption())
    .action(async (options: TrainOptions, command: Command) => {
      const output = common.outputOf(command);
      const signal = common.interruptSignal();
      await checkOut(options);
      const recipe = await recipeFor(options, command);
      if (recipe) return trainByRecipe(recipe, options, output, signal);
      const dataset = await openData({ data: options.data, limitTrain: options.limit }, output, signal);
      const task = options.resume ? undefined : taskOf(options, dataset);
      const backend = await common.openTrainingBackend(options.backend, options.threads, { task, output });
      let progress: (event: TrainerEvent) => void = () => {};
      const settings: TrainerSettings = {
        backend,
        data: dataset,
        checkpoint: { path: options.out, everySeconds: 60 },
        onEvent: (event) => progress(event),
      };
      try {
        const trainer = await (options.resume ? resumed(options.out, settings, dataset, command) : begun(options, dataset, settings));
        const { arch, activation, seed } = await recordedOptions(trainer);
        progress = trainingProgress(output, { label: "training" });
        const { steps } = trainer.recipe;
        if (trainer.position.step === steps) output.note(`${options.out} is trained to its end: all ${plural(steps, "step")} are done`);
        await untilInterrupted(trainer, options.out, signal);
        const validation = dataset.validation.count > 0 ? await trainer.evaluate("validation", { signal }) : undefined;
        const test = await trainer.evaluate("test", { signal });
        const { params, macs } = costOf((await trainer.model()).graph, ops);
        const value = { out: options.out, arch, activation, data: dataset.name, ...trainer.position, validation, test, params, macs, seed };
        trainer.dispose();
        output.result(value, trained(options.out, test, { params, macs }));
      } finally {
        backend.dispose();
      }
    });

/** Training that ran for hours must not be overwritten by a forgotten flag, nor a new one be taken for a resumed one. */
async function checkOut({ out, resume }: TrainOptions): Promise<void> {
  await checkTarget(out, "--out");
  if (resume && !existsSync(out))
    throw new ModelError("E_NOT_FOUND", `${out} does not exist, so there is nothing to resume; leave --resume out to start anew`);
  if (!resume && existsSync(out)) throw new InputError("E_OPTION", `${out} exists already; go on with --resume, or choose another --out`);
}

/** The network as it begins. */
function taskOf({ arch, activation, seed, batch }: TrainOptions, { channels, height, width, classNames, train }: Dataset): TrainingTask {
  const { graph, init } = buildNet(arch, { activation, input: { channels, height, width }, classes: classNames.length });
  return { graph, tensors: init(new Random(seed)), batchSize: Math.min(batch, train.count) };
}

function begun(options: TrainOptions, dataset: Dataset, settings: TrainerSettings): Promise<Trainer> {
  const { arch: architecture, activation, seed } = options;
  const { graph, tensors, batchSize } = taskOf(options, dataset);
  return Trainer.create({
    ...settings,
    ...trainerSettings(options),
    model: { graph, tensors, info: { architecture, activation, data: dataset.name, seed: String(seed) } },
    epochs: options.epochs,
    batchSize,
    augment: { flip: options.flip ?? false, crop: options.crop },
    seed,
  });
}

async function resumed(path: string, settings: TrainerSettings, dataset: Dataset, command: Command): Promise<Trainer> {
  const bytes = await readSource(path, {});
  const trainer = await naming(path, () => Trainer.resume(bytes, settings));
  await checkOptions(trainer, path, command, dataset);
  await checkData(trainer, path, dataset);
  return trainer;
}

/** The error of an interruption says where training stands, and how it goes on. */
async function untilInterrupted(trainer: Trainer, path: string, signal: AbortSignal): Promise<void> {
  try {
    await trainer.run({ signal });
  } catch (error) {
    if (!(error instanceof SwivelError) || error.code !== "E_ABORTED") throw error;
    const at = `interrupted after step ${trainer.position.step} of ${trainer.recipe.steps}`;
    throw new SwivelError("E_ABORTED", `${at}; ${path} holds what was trained: go on with --resume`, { cause: error });
  }
}
