/** `swivel prune IN`: scores channels, chooses survivors, cuts for real, and fine-tunes where it is asked to. */
import { Command, Option } from "commander";
import { InputError } from "../../src/errors.ts";
import { writeModel } from "../../src/model/model.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { criteria } from "../../training/prune/index.ts";
import { defaultSettings } from "../../training/settings.ts";
import { openDataFor } from "../data.ts";
import { checkTarget, openModel } from "../files.ts";
import * as common from "../options.ts";
import { isPacked } from "../pack.ts";
import { type PruneFacts, pruneText, pruneValue } from "../prune_report.ts";
import { type PruningOptions, pruneModel } from "../pruning.ts";
import { checkGoal } from "../selection.ts";
import { Stopwatch } from "../timing.ts";

interface PruneOptions extends Omit<PruningOptions, "minimum"> {
  minimum?: number;
  measure: boolean;
  data?: string;
  backend: common.TrainingBackend;
  threads: number | "auto";
  out: string;
}

export const pruneCommand = (): Command =>
  new Command("prune")
    .description("cut the channels that a criterion finds unimportant, out of the graph and the file")
    .argument("<in>", "a checkpoint, or a model that is not packed")
    .addOption(new Option("--criterion <name>", "how channels are scored").choices(criteria).default("slope"))
    .option("--threshold <score>", "channels with this score or less die", common.number(0))
    .option("--percentile <number>", "instead: so many of 100 channels die, the lowest scores first", common.number(0))
    .option("--keep-macs <share>", "instead: the share of multiply-adds to keep, such as 0.5", common.share)
    .option("--keep-params <share>", "instead: the share of parameters to keep", common.share)
    .option("--keep-bytes <share>", "instead: the share of bytes to keep", common.share)
    .option("--keep-time <share>", "instead: the share of the time to keep, measured on this machine", common.share)
    .option("--survivors <file>", "instead: JSON that names survivors, or their number, of each activation; file#entry for one entry")
    .option("--minimum <count>", "channels that every layer keeps at least (default: 0 with --threshold, else 1)", common.integer(0))
    .addOption(new Option("--protect <layers...>", "activations that keep all their channels").default([], "none"))
    .option("--rounds <count>", "reach the goal in so many steps, scoring anew before each", common.integer(1, 1000), 1)
    .option("--finetune <epochs>", "train the cut network so long, after each step", common.integer(0), 0)
    .option("--rate <number>", "peak learning rate of fine-tuning", common.number(0), defaultSettings.rate / 2)
    .option("--batch <count>", "images of an update", common.integer(1), 32)
    .option("--measure", "say how many milliseconds the cut saves on this machine", false)
    .addOption(common.dataOption())
    .addOption(common.trainingBackendOption())
    .addOption(common.threadsOption())
    .addOption(common.seedOption("of fine-tuning, and of the criterion random"))
    .requiredOption("--out <file>", "where to write the cut network")
    .addOption(common.jsonOption())
    .action(async (path: string, options: PruneOptions, command: Command) => {
      checkGoal(options);
      if (options.survivors !== undefined && options.rounds > 1)
        throw new InputError("E_OPTION", "--survivors are those of one cut; leave --rounds out");
      const output = common.outputOf(command);
      const signal = common.interruptSignal();
      const { survivors } = options;
      await checkTarget(options.out, "--out", [path, ...(survivors === undefined ? [] : [survivors.split("#")[0] as string])]);
      const { model } = await openModel(path);
      if (isPacked(model.graph)) {
        const remedy = "prune the checkpoint or cut network that it was packed from, then pack again";
        throw new InputError("E_INPUT", `${path} is packed: its slopes and batch norms are folded into its weights; ${remedy}`);
      }
      const { training: _, ...whole } = model;
      const dataset = needsData(options) ? await openDataFor(model, options, output, signal) : undefined;
      const backend = await common.openTrainingBackend(options.backend, options.threads);
      const timed = options.measure || options.keepTime !== undefined;
      const stopwatch = timed ? await Stopwatch.start(whole, signal) : undefined;
      try {
        const minimum = options.minimum ?? (options.threshold === undefined ? 1 : 0);
        const pruned = await pruneModel(path, whole, { ...options, minimum }, { backend, dataset, stopwatch, output, signal });
        const time = await stopwatch?.time(pruned.model);
        await writeWhole(options.out, writeModel(pruned.model));
        const facts: PruneFacts = { out: options.out, criterion: options.criterion, survivors, pruned, dataset, time };
        output.result(pruneValue(facts), pruneText(facts));
      } finally {
        stopwatch?.dispose();
        backend.dispose();
      }
    });

const CALIBRATED = ["taylor", "slope-taylor", "slope-gamma"];

const needsData = ({ finetune, data, criterion }: PruneOptions): boolean =>
  finetune > 0 || data !== undefined || CALIBRATED.includes(criterion);
