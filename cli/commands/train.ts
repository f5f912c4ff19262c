/** `swivel train`: trains a network from scratch, or goes on from its last checkpoint. */
import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { AbortedError, InputError, ModelError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";
import type { Dataset } from "../../training/data/index.ts";
import { architectures, createModel } from "../../training/models/index.ts";
import { Random } from "../../training/random.ts";
import { Trainer } from "../../training/trainer.ts";
import type { TrainerSettings } from "../../training/trainer_options.ts";
import {
  dataOption,
  integer,
  interruptSignal,
  jsonOption,
  number,
  openData,
  openTrainingBackend,
  outputOf,
  threadsOption,
} from "../options.ts";
import { percent, short } from "../output.ts";
import { trainingProgress } from "../progress.ts";
import { defaultSettings, trainerSettings } from "../settings.ts";

interface TrainOptions {
  arch: string;
  activation: "relu" | "rrelu";
  data?: string;
  epochs: number;
  batch: number;
  rate: number;
  weightDecay: number;
  l1: number;
  slopeRate: number;
  flip?: boolean;
  crop: number;
  limit?: number;
  backend: string;
  threads: number | "auto";
  seed: number;
  out: string;
  resume?: boolean;
}

export const trainCommand = (): Command =>
  new Command("train")
    .description("train a network; the file it writes is a checkpoint after each epoch")
    .option("--arch <name>", `one of ${Object.keys(architectures).join(", ")}`, "small-cnn")
    .addOption(new Option("--activation <kind>", "rrelu has a learned slope per filter").choices(["relu", "rrelu"]).default("rrelu"))
    .addOption(dataOption())
    .option("--epochs <count>", "passes over the training images", integer(1), 12)
    .option("--batch <count>", "images of an update", integer(1), 32)
    .option("--rate <number>", "peak learning rate of SGD; it rises and falls in one cycle", number(0), defaultSettings.rate)
    .option("--weight-decay <number>", "of everything but slopes", number(0), defaultSettings.weightDecay)
    .option("--l1 <number>", "proximal L1 on the slopes: switches filters off", number(0), defaultSettings.l1)
    .option("--slope-rate <number>", "learning rate of slopes relative to the others'", number(0), defaultSettings.slopeRate)
    .option("--flip", "mirror training images at random")
    .option("--crop <pixels>", "shift training images at random by so many pixels", integer(0), 0)
    .option("--limit <count>", "use so many training images", integer(2))
    .addOption(new Option("--backend <name>", "where to train").choices(["auto", "wasm", "webgpu", "reference"]).default("auto"))
    .addOption(threadsOption())
    .option("--seed <number>", "of everything that is random", integer(0), 0)
    .requiredOption("--out <file>", "the checkpoint")
    .option("--resume", "go on from the checkpoint, to the bits of an uninterrupted run")
    .addOption(jsonOption())
    .action(async (options: TrainOptions, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      checkTarget(options);
      const dataset = await openData({ data: options.data, limitTrain: options.limit }, output, signal);
      const backend = await openTrainingBackend(options.backend, options.threads);
      const settings: TrainerSettings = {
        backend,
        data: dataset,
        checkpoint: { path: options.out, everySeconds: 60 },
        onEvent: trainingProgress(output, `${options.arch} ${options.activation}`),
      };
      try {
        const trainer = options.resume ? await Trainer.resume(options.out, settings) : await newTrainer(options, dataset, settings);
        await trainer.run({ signal });
        const validation = dataset.validation.count > 0 ? await trainer.evaluate("validation") : undefined;
        const test = await trainer.evaluate("test");
        const cost = costOf((await trainer.model()).graph, ops);
        const value = {
          out: options.out,
          arch: options.arch,
          data: dataset.name,
          ...trainer.position,
          validation,
          test,
          params: cost.params,
          macs: cost.macs,
          seed: options.seed,
        };
        trainer.dispose();
        output.result(
          value,
          `${options.out}: ${percent(test.accuracy)} of ${dataset.test.count} test images, ${short(cost.params)} parameters, ${short(cost.macs)} multiply-adds`,
        );
      } catch (error) {
        if (error instanceof AbortedError && existsSync(options.out))
          output.note(`interrupted; ${options.out} holds what was trained: go on with --resume`);
        throw error;
      } finally {
        backend.dispose();
      }
    });

/** Training that ran for hours must not be overwritten by a forgotten flag, nor a new one be taken for a resumed one. */
function checkTarget({ out, resume }: TrainOptions): void {
  if (resume && !existsSync(out))
    throw new ModelError("E_NOT_FOUND", `${out} does not exist, so there is nothing to resume; leave --resume out to start anew`);
  if (!resume && existsSync(out)) throw new InputError("E_OPTION", `${out} exists already; go on with --resume, or choose another --out`);
}

function newTrainer(options: TrainOptions, dataset: Dataset, settings: TrainerSettings): Promise<Trainer> {
  const { channels, height, width, classNames } = dataset;
  const net = createModel(options.arch, { activation: options.activation, input: { channels, height, width }, classes: classNames.length });
  const info = { architecture: options.arch, activation: options.activation, data: dataset.name };
  return Trainer.create({
    ...settings,
    ...trainerSettings(options),
    model: { graph: net.graph, tensors: net.init(new Random(options.seed)), info },
    epochs: options.epochs,
    batchSize: Math.min(options.batch, dataset.train.count),
    augment: { flip: options.flip ?? false, crop: options.crop },
    seed: options.seed,
  });
}
