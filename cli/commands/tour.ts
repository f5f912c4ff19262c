/** `swivel tour`: the main job from images to a packed network, with a report. */
import { join } from "node:path";
import { Command } from "commander";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { openData } from "../data.ts";
import { makeFolder } from "../files.ts";
import { dataOption, integer, interruptSignal, jsonOption, openTrainingBackend, outputOf, seedOption, threadsOption } from "../options.ts";
import { renderReport } from "../tour/page/render.ts";
import { summary } from "../tour/summary.ts";
import { runTour } from "../tour/tour.ts";

interface TourOptions {
  data?: string;
  epochs: number;
  threads: number | "auto";
  seed: number;
  out: string;
}

export const tourCommand = (): Command =>
  new Command("tour")
    .description("train a small network three ways, cut it, fine-tune, pack, and measure dense against packed")
    .addOption(dataOption())
    .option("--epochs <count>", "passes over 6,000 training images, or as many images of a larger set", integer(1), 12)
    .addOption(threadsOption())
    .addOption(seedOption("of everything that is random"))
    .option("--out <folder>", "where models and report go", "out")
    .addOption(jsonOption())
    .action(async (options: TourOptions, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      await makeFolder(options.out, "--out");
      const dataset = await openData(options, output, signal);
      const backend = await openTrainingBackend("auto", options.threads);
      try {
        const { record, models } = await runTour({ dataset, backend, output, signal, epochs: options.epochs, seed: options.seed });
        const files: Record<string, string | Uint8Array> = {
          "dense.safetensors": models.dense,
          "model.safetensors": models.packed,
          "report.json": `${JSON.stringify(record.report, null, 2)}\n`,
          "report.html": renderReport(record),
        };
        for (const [name, contents] of Object.entries(files)) await writeWhole(join(options.out, name), contents);
        const [page, model] = [join(options.out, "report.html"), join(options.out, "model.safetensors")];
        output.result(record.report, `${summary(record.report)}\n\n${page}: all of it, with plots\n${model}: the network to ship`);
      } finally {
        backend.dispose();
      }
    });
