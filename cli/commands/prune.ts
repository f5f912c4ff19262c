/** `swivel prune IN`: scores channels, chooses survivors, cuts for real, and fine-tunes where it is asked to. */
import { Command, Option } from "commander";
import type { Backend } from "../../src/backends/backend.ts";
import { InputError } from "../../src/errors.ts";
import { type Model, writeModel } from "../../src/model/model.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { batches, type Dataset } from "../../training/data/index.ts";
import { evaluate } from "../../training/evaluate.ts";
import { type Criterion, criteria, cut } from "../../training/prune/index.ts";
import { Trainer } from "../../training/trainer.ts";
import { openDataFor } from "../data.ts";
import { checkTarget, openModel } from "../files.ts";
import * as common from "../options.ts";
import { count, kilobytes, type Output, percent, plural, short, table } from "../output.ts";
import { isPacked } from "../pack.ts";
import { trainingProgress } from "../progress.ts";
import { idle, scoresOf, selectionOf } from "../selection.ts";
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
  backend: common.TrainingBackend;
  threads: number | "auto";
  seed: number;
  out: string;
}

export const pruneCommand = (): Command =>
  new Command("prune")
    .description("cut the channels that a criterion finds unimportant, out of the graph and the file")
    .argument("<in>", "a checkpoint, or a model that is not packed")
    .addOption(new Option("--criterion <name>", "how channels are scored").choices(criteria).default("slope"))
    .addOption(new Option("--threshold <score>", "channels with this score or less die").argParser(common.number(0)).conflicts("keepMacs"))
    .option("--keep-macs <share>", "instead: the share of multiply-adds to keep, such as 0.5", common.share)
    .option("--minimum <count>", "channels that every layer keeps at least", common.integer(0), 1)
    .addOption(new Option("--protect <layers...>", "activations that keep all their channels").default([], "none"))
    .option("--finetune <epochs>", "train the cut network so long", common.integer(0), 0)
    .option("--rate <number>", "peak learning rate of fine-tuning", common.number(0), defaultSettings.rate / 2)
    .option("--batch <count>", "images of an update", common.integer(1), 32)
    .addOption(common.dataOption())
    .addOption(common.trainingBackendOption())
    .addOption(common.threadsOption())
    .addOption(common.seedOption("of fine-tuning, and of the criterion random"))
    .requiredOption("--out <file>", "where to write the cut network")
    .addOption(common.jsonOption())
    .action(async (path: string, options: PruneOptions, command: Command) => {
      if (options.threshold === undefined && options.keepMacs === undefined) {
        throw new InputError("E_OPTION", "say what to cut: --threshold 0.1, or --keep-macs 0.5");
      }
      const output = common.outputOf(command);
      const signal = common.interruptSignal();
      await checkTarget(options.out, "--out", [path]);
      const { model } = await openModel(path);
      if (isPacked(model.graph)) {
        const remedy = "prune the checkpoint or cut network that it was packed from, then pack again";
        throw new InputError("E_INPUT", `${path} is packed: its slopes and batch norms are folded into its weights; ${remedy}`);
      }
      const dataset = needsData(options) ? await openDataFor(model, options, output, signal) : undefined;
      const backend = await common.openTrainingBackend(options.backend, options.threads);
      try {
        const { training: _, ...before } = model;
        const scores = await scoresOf(path, before, { backend, dataset, signal, criterion: options.criterion, seed: options.seed });
        for (const [site, why] of Object.entries(scores.skipped)) output.note(`${site} is left alone: ${why}`);
        const selection = selectionOf(before, scores, options);
        for (const warning of [...selection.warnings, ...idle(scores, selection, options.threshold)]) output.note(warning);
        const { report, ...small } = cut(before.graph, before.tensors, selection.survivors);
        const smaller: Model = { ...before, ...small };
        const judge = dataset && ((which: Model) => accuracyOf(which, dataset, backend, signal));
        const accuracy = judge && { before: await judge(before), cut: await judge(smaller) };
        const tuned = dataset && options.finetune > 0 ? await finetune(smaller, dataset, backend, options, output, signal) : smaller;
        const after = judge && (tuned === smaller ? accuracy?.cut : await judge(tuned));
        await writeWhole(options.out, writeModel(tuned));
        const value = {
          out: options.out,
          criterion: options.criterion,
          threshold: Number.isFinite(selection.threshold) ? selection.threshold : null,
          channels: selection.channels,
          before: { ...report.before, ...(accuracy && { accuracy: accuracy.before }) },
          after: { ...report.after, ...(after !== undefined && { accuracy: after }) },
          ...(accuracy && { cut: { accuracy: accuracy.cut } }),
          ...(dataset && { data: dataset.name, split: judged(dataset) }),
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
          ...(dataset && accuracy && after !== undefined
            ? [[`accuracy (${judged(dataset)})`, percent(accuracy.before), percent(after), ""]]
            : []),
        ];
        const { total, alive } = selection.channels;
        output.result(value, `${table(rows)}\n${options.out}: ${total - alive} of ${plural(total, "channel")} cut by ${options.criterion}`);
      } finally {
        backend.dispose();
      }
    });

const needsData = ({ finetune, data, criterion }: PruneOptions): boolean =>
  finetune > 0 || data !== undefined || criterion === "taylor" || criterion === "slope-gamma";

/** The split that accuracies are told of: the test images are for the end, unless there is nothing else. */
const judged = (dataset: Dataset): "validation" | "test" => (dataset.validation.count > 0 ? "validation" : "test");

async function accuracyOf(model: Model, dataset: Dataset, backend: Backend, signal: AbortSignal): Promise<number> {
  return (await evaluate(model, batches(dataset[judged(dataset)], dataset, { size: 100 }), backend, { signal })).accuracy;
}

/** With the data set's preprocessing and class names where the model had none. */
async function finetune(
  model: Model,
  data: Dataset,
  backend: Backend,
  { rate, finetune: epochs, batch, seed }: PruneOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Model> {
  const trainer = await Trainer.create({
    ...trainerSettings({ ...defaultSettings, rate }),
    model,
    data,
    backend,
    epochs,
    batchSize: Math.min(batch, data.train.count),
    seed,
    onEvent: trainingProgress(output, { label: "fine-tuning" }),
  });
  try {
    await trainer.run({ signal });
    return await trainer.model();
  } finally {
    trainer.dispose();
  }
}
