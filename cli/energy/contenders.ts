/** The networks of a measurement, and what they are fed. */
import { type Feed, inputShapeOf, randomFeed } from "../../energy/protocol/network.ts";
import type { ArmName } from "../../energy/record.ts";
import { InputError, SwivelError } from "../../src/errors.ts";
import { batches } from "../../training/data/index.ts";
import { openDataFor } from "../data.ts";
import { type ModelFile, messageOf, openModel } from "../files.ts";
import type { Output } from "../output.ts";

export interface FeedOptions {
  readonly data?: string;
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Throws what reading models throws, and InputError E_INPUT where they do not take the same input. */
export async function openModels(paths: readonly (readonly [ArmName, string])[]): Promise<(readonly [ArmName, ModelFile])[]> {
  const files: (readonly [ArmName, ModelFile])[] = [];
  for (const [arm, path] of paths) files.push([arm, await openModel(path)]);
  const shapes = files.map(([, { model }]) => `[${inputShapeOf(model).join(", ")}]`);
  const other = shapes.findIndex((shape) => shape !== shapes[0]);
  if (other > 0) {
    const what = `${files[0]?.[1].path} takes inputs of ${shapes[0]} and ${files[other]?.[1].path} of ${shapes[other]}`;
    throw new InputError("E_INPUT", `${what}; compare networks for the same inputs`);
  }
  return files;
}

/** Test images of the data set; random numbers where none was named and the one that ships does not fit. */
export async function openFeed({ model }: ModelFile, { data, limit, signal }: FeedOptions, output: Output): Promise<Feed> {
  try {
    const dataset = await openDataFor(model, { data, limitTest: limit }, output, signal);
    const all = [...batches(dataset.test, dataset, { size: 1 })];
    return { name: dataset.name, images: all.map(({ images }) => images.slice()), labels: all.map(({ labels }) => labels[0] as number) };
  } catch (error) {
    if (data !== undefined || !(error instanceof SwivelError) || error.code !== "E_INPUT") throw error;
    output.note(`inputs are random numbers, so that accuracy is not measured (${messageOf(error)}); --data names images`);
    return randomFeed(model);
  }
}
