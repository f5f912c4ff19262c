/** Recipes as data: which network, how it starts, and the stages that it goes through. Plain JSON, so that a checkpoint can carry it. */
import { ModelError } from "../../src/errors.ts";
import { list, oneOf, parseJson, record, text } from "../../src/model/json.ts";
import type { GroupSettings } from "../groups.ts";
import type { OptimizerSettings } from "../optimizers.ts";
import { type Criterion, criteria } from "../prune/index.ts";
import type { Goal } from "../prune/select.ts";
import { boolean, integer, number, parseGroupRules, parseOptimizer, parseSchedule } from "../recipe.ts";
import type { ScheduleSettings } from "../schedules.ts";

/** How a group of parameters learns, where that differs from the optimizer's settings. */
export type GroupRules = Omit<GroupSettings, "name">;

/** Training for some epochs. */
export interface TrainStage {
  readonly kind: "train";
  /** What progress calls it. */
  readonly name: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  /** Slopes of rotated activations, scales of batch norms, and all other parameters. */
  readonly slopes?: GroupRules;
  readonly gamma?: GroupRules;
  readonly rest?: GroupRules;
  readonly augment: { readonly flip: boolean; readonly crop: number };
}

/** Cuts the channels that a criterion finds unimportant, out of the graph. */
export interface CutStage {
  readonly kind: "cut";
  readonly criterion: Criterion;
  /** Exactly one of these. */
  readonly goal: Pick<Goal, "threshold" | "percentile" | "keepMacs">;
  /** Channels that every layer keeps at least. */
  readonly minimum: number;
}

/** Makes the rotated network of the same architecture, every slope 1: it computes the same. */
export interface RotateStage {
  readonly kind: "rotate";
}

/** Forgets what was learned: weights are drawn anew for the network as it stands. */
export interface FreshStage {
  readonly kind: "fresh";
}

/** One part of a recipe; `kind` says which. */
export type RecipeStage = TrainStage | CutStage | RotateStage | FreshStage;

/** A network and what is done with it, from its start to its end. Plain JSON. */
export interface StagedRecipe {
  readonly name: string;
  /** One sentence for people. */
  readonly title: string;
  readonly arch: string;
  readonly activation: "relu" | "rrelu";
  /** `given`: goes on from a network that the caller has. */
  readonly start: "fresh" | "given";
  /** Where scales of batch norms start; 1 unless given. */
  readonly gammaStart?: number;
  readonly stages: readonly RecipeStage[];
}

const MAX_STAGES = 64;
const MAX_DEPTH = 8;
const MAX_TITLE = 1024;

/** The recipe out of a checkpoint's JSON, every field checked. Throws ModelError E_FORMAT. */
export function parseStagedRecipe(document: string): StagedRecipe {
  const json = parseJson(document, "the recipe", MAX_DEPTH);
  const fields = record(json, "the recipe", ["name", "title", "arch", "activation", "start", "gammaStart?", "stages"]);
  const stages = list(fields.stages, "the recipe's stages", MAX_STAGES).map(parseStage);
  if (stages.length === 0) throw new ModelError("E_FORMAT", "the recipe has no stages");
  return {
    name: text(fields.name, "the recipe's name"),
    title: text(fields.title, "the recipe's title", MAX_TITLE),
    arch: text(fields.arch, "the recipe's arch"),
    activation: oneOf(fields.activation, ["relu", "rrelu"] as const, "activation"),
    start: oneOf(fields.start, ["fresh", "given"] as const, "start"),
    ...(fields.gammaStart !== undefined && { gammaStart: number(fields.gammaStart, "gammaStart", 0) }),
    stages,
  };
}

function parseStage(json: unknown): RecipeStage {
  const kind = oneOf((json as { kind?: unknown } | null)?.kind, ["train", "cut", "rotate", "fresh"] as const, "a stage's kind");
  if (kind === "train") return parseTrainStage(json);
  if (kind === "cut") return parseCutStage(json);
  record(json, "a stage", ["kind"]);
  return { kind };
}

function parseTrainStage(json: unknown): TrainStage {
  const needed = ["kind", "name", "epochs", "batchSize", "optimizer", "schedule", "augment"];
  const fields = record(json, "a stage", [...needed, "slopes?", "gamma?", "rest?"]);
  const augment = record(fields.augment, "augment", ["flip", "crop"]);
  const rules = (name: "slopes" | "gamma" | "rest") => fields[name] !== undefined && { [name]: parseGroupRules(fields[name], name) };
  return {
    kind: "train",
    name: text(fields.name, "a stage's name"),
    epochs: integer(fields.epochs, "epochs", 1),
    batchSize: integer(fields.batchSize, "batchSize", 1),
    optimizer: parseOptimizer(fields.optimizer),
    schedule: parseSchedule(fields.schedule),
    ...rules("slopes"),
    ...rules("gamma"),
    ...rules("rest"),
    augment: { flip: boolean(augment.flip, "augment.flip"), crop: integer(augment.crop, "augment.crop", 0) },
  };
}

function parseCutStage(json: unknown): CutStage {
  const fields = record(json, "a stage", ["kind", "criterion", "goal", "minimum"]);
  const goal = record(fields.goal, "goal", ["threshold?", "percentile?", "keepMacs?"]);
  const [[name, value] = ["", undefined], ...others] = Object.entries(goal);
  if (others.length > 0 || name === "") throw new ModelError("E_FORMAT", "goal has not exactly one of threshold, percentile and keepMacs");
  const most = { threshold: Number.MAX_VALUE, percentile: 100, keepMacs: 1 }[name as keyof CutStage["goal"]];
  return {
    kind: "cut",
    criterion: oneOf(fields.criterion, criteria, "criterion"),
    goal: { [name]: number(value, `goal.${name}`, 0, most) },
    minimum: integer(fields.minimum, "minimum", 0),
  };
}
