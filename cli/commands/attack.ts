/** `swivel attack MODEL --data DIR`: accuracy on test images, and on the same images moved against the network. */
import { Command, Option } from "commander";
import { Attacker, type AttackSettings } from "../../training/attack.ts";
import { batches } from "../../training/data/index.ts";
import { openDataFor } from "../data.ts";
import { openModel } from "../files.ts";
import * as common from "../options.ts";
import { percent, plural } from "../output.ts";

interface AttackOptions {
  method: AttackSettings["method"];
  eps: number;
  steps: number;
  alpha?: number;
  space: "normalised" | "pixels";
  data?: string;
  limit?: number;
  batch: number;
  backend: common.TrainingBackend;
  threads: number | "auto";
}

export const attackCommand = (): Command =>
  new Command("attack")
    .description("accuracy on test images that are moved, each pixel by at most eps, to mislead the model")
    .argument("<model>", "a model, packed or not, or a checkpoint")
    .addOption(new Option("--method <name>", "one step along the gradient's sign, or several").choices(["fgsm", "pgd"]).default("fgsm"))
    .option("--eps <number>", "how far each value may move", common.number(0), 0.031)
    .option("--steps <count>", "steps of pgd", common.integer(1), 60)
    .option("--alpha <number>", "length of a step of pgd (default: eps / 5)", common.number(0))
    .addOption(
      new Option("--space <name>", "what eps is measured in: the network's normalised input, or pixels from 0 to 1, which are clipped")
        .choices(["normalised", "pixels"])
        .default("normalised"),
    )
    .addOption(common.dataOption())
    .option("--limit <count>", "use so many test images at most", common.integer(1))
    .option("--batch <count>", "images per run", common.integer(1), 50)
    .addOption(common.trainingBackendOption())
    .addOption(common.threadsOption())
    .addOption(common.jsonOption())
    .action(async (path: string, options: AttackOptions, command: Command) => {
      const output = common.outputOf(command);
      const signal = common.interruptSignal();
      const { model } = await openModel(path);
      const dataset = await openDataFor(model, { data: options.data, limitTest: options.limit }, output, signal);
      const backend = await common.openTrainingBackend(options.backend, options.threads);
      const { method, eps: epsilon, steps, alpha, space } = options;
      try {
        using attacker = await Attacker.create(model, backend, { method, epsilon, steps, alpha, space }, dataset);
        const { test } = dataset;
        const { clean, adversarial } = await attacker.score(batches(test, dataset, { size: Math.min(options.batch, test.count) }), {
          signal,
          onProgress: (done) => output.progress(`${done} of ${plural(test.count, "image")}`),
        });
        const value = { model: path, data: dataset.name, ...attacker.settings, clean, adversarial };
        const how = method === "fgsm" ? "FGSM" : `PGD, ${plural(steps, "step")} of ${attacker.settings.alpha.toPrecision(3)}`;
        const where = space === "pixels" ? "pixels from 0 to 1" : "the normalised input";
        const text = [
          `${percent(clean.accuracy)} of ${plural(clean.count, "test image")} of ${dataset.name} right (loss ${clean.loss.toFixed(3)})`,
          `${percent(adversarial.accuracy)} of them after ${how}, eps ${epsilon} in ${where} (loss ${adversarial.loss.toFixed(3)})`,
        ];
        output.result(value, text.join("\n"));
      } finally {
        backend.dispose();
      }
    });
