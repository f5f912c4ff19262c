/** `swivel prune IN`: scores channels, chooses survivors, cuts for real, and fine-tunes where it is asked to. */
import { Command, Option } from "commander";
import type { Backend } from "../../src/backends/backend.ts";
import { InputError } from "../../src/errors.ts";
import { type Model, readModel, writeModel } from "../../src/model/model.ts";
import { batches, type Dataset } from "../../training/data/index.ts";
import { type Criterion, criteria, cut, scoreChannels, select } from "../../training/prune/index.ts";
import { Trainer } from "../../training/trainer.ts";
import { readBytes, writeWhole } from "../files.ts";
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
import { count, kilobytes, type Output, percent, short, table } from "../output.ts";
import { trainingProgress } from "../progress.ts";
import { defaultSettings, trainerSettings } from "../settings.ts";

interface PruneOptions {
  criterion: Criterion;
  threshold?: number;
  keepMacs?: number;
  protect: string[];
  minimum: number;
  finetune: number;
  rate: number;
  batch: number;
  data?: string;
  backend: string;
  threads: number | "auto";
  seed: number;
  out: string;
}

export const pruneCommand = (): Command =>
  new Command("prune")
    .description("cut the channels that a criterion finds unimportant")
    .argument("<in>", "a checkpoint or unpacked model")
    .addOption(new Option("--criterion <name>", "how channels are scored").choices(criteria).default("slope"))
    .addOption(new Option("--threshold <score>", "channels with this score or less die").argParser(number(0)).conflicts("keepMacs"))
    .option("--keep-macs <share>", "instead: the share of multiply-adds to keep, such as 0.5", number(0, 1))
    .option("--protect <layers...>", "activations that keep all their channels", [])
    .option("--minimum <count>", "channels that every layer keeps at least", integer(0), 1)
    .option("--finetune <epochs>", "train the cut network further", integer(0), 0)
    .option("--rate <number>", "peak learning rate of fine-tuning", number(0), defaultSettings.rate / 2)
    .option("--batch <count>", "images of an update", integer(1), 32)
    .addOption(dataOption())
    .addOption(new Option("--backend <name>", "where to fine-tune").choices(["auto", "wasm", "webgpu", "reference"]).default("auto"))
    .addOption(threadsOption())
    .option("--seed <number>", "of fine-tuning, and of the criterion random", integer(0), 0)
    .requiredOption("--out <file>", "the cut network")
    .addOption(jsonOption())
    .action(async (path: string, options: PruneOptions, command: Command) => {
      if (options.threshold === undefined && options.keepMacs === undefined) {
        throw new InputError("E_OPTION", "say what to cut: --threshold 0.1, or --keep-macs 0.5");
      }
      const output = outputOf(command);
      const signal = interruptSignal();
      const source = await readBytes(path);
      const model = readModel(source);
      const needsData =
        options.finetune > 0 || options.data !== undefined || options.criterion === "taylor" || options.criterion === "slope-gamma";
      const dataset = needsData ? await openData({ data: options.data, ...shapeOf(model) }, output, signal) : undefined;
      const backend = await openTrainingBackend(options.backend, options.threads);
      try {
        const scores = await scoreChannels(model.graph, model.tensors, {
          criterion: options.criterion,
          seed: options.seed,
          signal,
          ...(dataset && { calibration: { backend, batches: calibration(model, dataset) } }),
        });
        for (const [site, why] of Object.entries(scores.skipped)) output.note(`${site} is left alone: ${why}`);
        const { threshold, keepMacs, protect, minimum } = options;
        const selection = select(model.graph, model.tensors, scores, {
          ...(keepMacs === undefined ? { threshold } : { keepMacs }),
          protect,
          minimum,
        });
        for (const warning of selection.warnings) output.note(warning);
        const { report, ...small } = cut(model.graph, model.tensors, selection.survivors);
        const { training: _, ...rest } = model;
        const before: Model = { ...rest };
        const cutModel: Model = { ...rest, ...small };
        const accuracy = dataset && {
          before: await accuracyOf(before, dataset, backend),
          cut: await accuracyOf(cutModel, dataset, backend),
        };
        const tuned = dataset && options.finetune > 0 ? await finetune(cutModel, dataset, backend, options, output, signal) : cutModel;
        const file = writeModel(tuned);
        await writeWhole(options.out, file);
        const after = dataset && options.finetune > 0 ? await accuracyOf(tuned, dataset, backend) : accuracy?.cut;
        const value = {
          out: options.out,
          criterion: options.criterion,
          threshold: Number.isFinite(selection.threshold) ? selection.threshold : null,
          channels: selection.channels,
          before: { ...report.before, ...(accuracy && { accuracy: accuracy.before }) },
          after: { ...report.after, ...(after !== undefined && { accuracy: after }) },
          ...(accuracy && { cut: { accuracy: accuracy.cut } }),
          saved: report.saved,
          sites: report.sites,
          warnings: selection.warnings,
          skipped: scores.skipped,
        };
        const rows = [
          ["", "before", "after", "saved"],
          ["parameters", count(report.before.params), count(report.after.params), percent(report.saved.params)],
          ["multiply-adds", short(report.before.macs), short(report.after.macs), percent(report.saved.macs)],
          ["weights", kilobytes(report.before.bytes), kilobytes(report.after.bytes), percent(report.saved.bytes)],
          ...(accuracy && after !== undefined ? [["validation accuracy", percent(accuracy.before), percent(after), ""]] : []),
        ];
        const { total, alive } = selection.channels;
        output.result(value, `${table(rows)}\n${options.out}: ${total - alive} of ${total} channels cut by ${options.criterion}`);
      } finally {
        backend.dispose();
      }
    });

/** Pictures of class folders are read at the size that the model takes. */
function shapeOf({ graph }: Model) {
  const [, channels, height, width] = graph.values[graph.inputs[0] ?? ""]?.shape ?? [];
  return { size: { width: width as number, height: height as number }, channels: channels as 1 | 3 };
}

const CALIBRATION_IMAGES = 512;

/** The first training images, normalised as the model wants them. */
function calibration(model: Model, dataset: Dataset) {
  const { train } = dataset;
  const size = Math.min(CALIBRATION_IMAGES, train.count);
  const pixels = train.images.length / train.count;
  const part = { count: size, images: train.images.subarray(0, size * pixels), labels: train.labels.subarray(0, size) };
  const { mean, std } = model.preprocess ?? dataset;
  return batches(part, { ...dataset, mean, std }, { size: 64 });
}

/** On the validation share: the test images are for the end. */
async function accuracyOf(model: Model, dataset: Dataset, backend: Backend): Promise<number> {
  const { evaluate } = await import("../../training/evaluate.ts");
  const split = dataset.validation.count > 0 ? dataset.validation : dataset.test;
  const { mean, std } = model.preprocess ?? dataset;
  return (await evaluate(model, batches(split, { ...dataset, mean, std }, { size: 100 }), backend)).accuracy;
}

async function finetune(
  model: Model,
  data: Dataset,
  backend: Backend,
  options: PruneOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Model> {
  const trainer = await Trainer.create({
    ...trainerSettings({ ...defaultSettings, rate: options.rate }),
    model,
    data,
    backend,
    epochs: options.finetune,
    batchSize: Math.min(options.batch, data.train.count),
    seed: options.seed,
    onEvent: trainingProgress(output, "fine-tuning"),
  });
  try {
    await trainer.run({ signal });
    return { ...model, tensors: await trainer.tensors() };
  } finally {
    trainer.dispose();
  }
}
