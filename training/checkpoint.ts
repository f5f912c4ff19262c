/**
 * A checkpoint: a model file that also holds what an exact continuation needs. Beside the network's tensors stand the optimizer's moments and the
 * running totals; the metadata key `training` is JSON with recipe, position and generator state.
 */
import { ModelError } from "../src/errors.ts";
import type { Graph, Tensors } from "../src/graph/graph.ts";
import { parseJson, record, show } from "../src/model/json.ts";
import { type Model, readModel, writeModel } from "../src/model/model.ts";
import type { Sums } from "./losses.ts";
import { Random } from "./random.ts";
import { integer, number, parseRecipe, type Recipe } from "./recipe.ts";

/** Where a run stands, between two steps. */
export interface Position {
  /** Updates done. */
  readonly step: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Updates done in the epoch under way. */
  readonly inEpoch: number;
  /** Loss and hits of the epoch under way, without what the device still holds. */
  readonly sums: Sums;
}

export interface TrainingRecord {
  readonly recipe: Recipe;
  readonly position: Position;
  /** State of the generator that the epochs' own are forked from. */
  readonly random: readonly number[];
}

export interface Checkpoint extends TrainingRecord {
  readonly model: Model;
  /** State of the training graph that is none of the network's: moments, totals. */
  readonly state: Tensors;
}

const KEY = "training";
const VERSION = 1;
const MAX_DEPTH = 8;

/** Throws ModelError, E_NOT_FINITE where training has diverged. */
export function writeCheckpoint({ model, state, recipe, position, random }: Checkpoint): Uint8Array<ArrayBuffer> {
  const tensors = Object.fromEntries(Object.entries(state).map(([name, data]) => [name, { shape: [data.length], data }]));
  const metadata = { [KEY]: JSON.stringify({ version: VERSION, recipe, position, random }) };
  return writeModel({ ...model, training: { tensors, metadata } });
}

/** Throws ModelError, and E_VERSION for a checkpoint of a newer Swivel. */
export function readCheckpoint(file: Uint8Array | ArrayBuffer): Checkpoint {
  const { training, ...model } = readModel(file);
  const document = training?.metadata[KEY];
  if (!training || document === undefined) {
    throw new ModelError("E_FORMAT", "this is a model, not a checkpoint: it holds no training to go on with; start a new one from it");
  }
  const state = Object.fromEntries(Object.entries(training.tensors).map(([name, tensor]) => [name, tensor.data]));
  return { model, state, ...parseRecord(document, model.graph) };
}

function parseRecord(document: string, graph: Graph): TrainingRecord {
  const json = parseJson(document, "the checkpoint's training record", MAX_DEPTH) as { version?: unknown } | null;
  if (Number.isInteger(json?.version) && (json?.version as number) > VERSION) {
    throw new ModelError(
      "E_VERSION",
      `the checkpoint has version ${json?.version}, this Swivel resumes up to ${VERSION}: update swivel-nn`,
    );
  }
  const fields = record(json, "the checkpoint's training record", ["version", "recipe", "position", "random"]);
  integer(fields.version, "version", VERSION);
  const position = record(fields.position, "position", ["step", "epoch", "inEpoch", "sums"]);
  const sums = record(position.sums, "position.sums", ["loss", "hits", "count"]);
  return {
    recipe: parseRecipe(fields.recipe, graph),
    position: {
      step: integer(position.step, "position.step", 0),
      epoch: integer(position.epoch, "position.epoch", 0),
      inEpoch: integer(position.inEpoch, "position.inEpoch", 0),
      sums: {
        loss: number(sums.loss, "sums.loss", -Number.MAX_VALUE),
        hits: number(sums.hits, "sums.hits", 0),
        count: number(sums.count, "sums.count", 0),
      },
    },
    random: parseRandom(fields.random),
  };
}

function parseRandom(json: unknown): number[] {
  try {
    return Random.from(json as number[]).state();
  } catch (error) {
    throw new ModelError("E_FORMAT", `the generator's state is ${show(json)}; expected four unsigned 32-bit numbers`, { cause: error });
  }
}
