/** Whether a training that goes on is the one that was begun: what a user asks for and what the checkpoint holds must not silently differ. */
import type { Command } from "commander";
import { InputError } from "../src/errors.ts";
import type { Model } from "../src/model/model.ts";
import type { Dataset } from "../training/data/index.ts";
import { settingsOf } from "../training/settings.ts";
import type { Trainer } from "../training/trainer.ts";

/** Options of `train` that a checkpoint fixes, and what it holds of them; undefined where it does not say. */
export async function recordedOptions(trainer: Trainer): Promise<Record<string, string | number | boolean | undefined>> {
  const { recipe } = trainer;
  const { info = {} } = await trainer.model();
  return {
    arch: info.architecture,
    activation: info.activation,
    epochs: recipe.epochs,
    batch: recipe.batchSize,
    ...settingsOf(recipe),
    flip: recipe.augment.flip,
    crop: recipe.augment.crop,
    seed: info.seed === undefined ? undefined : Number(info.seed),
  };
}

/** Throws InputError E_OPTION for an option that was given and is another than the checkpoint's. */
export async function checkOptions(trainer: Trainer, path: string, command: Command, dataset: Dataset): Promise<void> {
  const recorded = await recordedOptions(trainer);
  for (const option of command.options) {
    const name = option.attributeName();
    const [given, held] = [command.getOptionValue(name), recorded[name]];
    if (held === undefined || command.getOptionValueSource(name) !== "cli" || given === held) continue;
    // a batch is at most all there is
    if (name === "batch" && Math.min(given, dataset.train.count) === held) continue;
    throw new InputError(
      "E_OPTION",
      `${option.long} ${given}: ${path} is trained with ${held}, which cannot change on the way; leave ${option.long} out, or start anew with another --out`,
    );
  }
}

/** Throws InputError E_INPUT for other images: the checkpoint carries the mean and spread of those that it was begun with. */
export async function checkData(trainer: Trainer, path: string, dataset: Dataset): Promise<void> {
  checkSameImages(await trainer.model(), path, dataset);
}

/** The same of a model. */
export function checkSameImages({ preprocess, info }: Pick<Model, "preprocess" | "info">, path: string, dataset: Dataset): void {
  const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((x, i) => x === b[i]);
  if (!preprocess || (same(preprocess.mean, dataset.mean) && same(preprocess.std, dataset.std))) return;
  const begun = info?.data === undefined ? "other images" : `images of ${info.data}`;
  throw new InputError(
    "E_INPUT",
    `${path} was begun with ${begun}, and those of ${dataset.name} are not the same; give the same --data and --limit`,
  );
}
