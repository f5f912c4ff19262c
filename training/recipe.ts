/** How a network is trained, as plain JSON: a checkpoint carries it, so that a resumed run needs nothing but the data. */
import { ModelError } from "../src/errors.ts";
import type { Graph } from "../src/graph/graph.ts";
import { list, oneOf, record, show, text } from "../src/model/json.ts";
import { checkGroup, type GroupSettings, type L1, type ResolvedGroup, resolved } from "./groups.ts";
import type { OptimizerSettings } from "./optimizers.ts";
import { parameterKinds } from "./parameters.ts";
import type { ScheduleSettings } from "./schedules.ts";

/** All that a training's course depends on beside data, network and seed. Plain JSON: a checkpoint holds it. */
export interface Recipe {
  readonly batchSize: number;
  /** Updates of the whole run. */
  readonly steps: number;
  /** Passes over the data that these steps are meant to be, where that is known. */
  readonly epochs?: number;
  readonly stepsPerEpoch?: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  /** Every parameter of the network stands in exactly one. */
  readonly groups: readonly ResolvedGroup[];
  readonly labelSmoothing: number;
  readonly augment: { readonly flip: boolean; readonly crop: number };
  /** Steps between two readings of loss and accuracy from the device. */
  readonly readEvery: number;
  /** Epochs between two validations; 0: never. */
  readonly validateEvery: number;
}

const MAX_MEMBERS = 65_536;
const MAX_GROUPS = 256;

/** The recipe out of a checkpoint's JSON, every field checked; throws ModelError E_FORMAT. */
export function parseRecipe(json: unknown, graph: Graph): Recipe {
  const required = ["batchSize", "steps", "optimizer", "schedule", "groups", "labelSmoothing", "augment", "readEvery", "validateEvery"];
  const fields = record(json, "the recipe", [...required, "epochs?", "stepsPerEpoch?"]);
  const augment = record(fields.augment, "augment", ["flip", "crop"]);
  const groups = list(fields.groups, "groups", MAX_GROUPS).map(parseGroup);
  checkMembers(groups, graph);
  return {
    batchSize: integer(fields.batchSize, "batchSize", 1),
    steps: integer(fields.steps, "steps", 1),
    ...(fields.epochs !== undefined && { epochs: integer(fields.epochs, "epochs", 1) }),
    ...(fields.stepsPerEpoch !== undefined && { stepsPerEpoch: integer(fields.stepsPerEpoch, "stepsPerEpoch", 1) }),
    optimizer: parseOptimizer(fields.optimizer),
    schedule: parseSchedule(fields.schedule),
    groups,
    labelSmoothing: number(fields.labelSmoothing, "labelSmoothing", 0, 1),
    augment: { flip: boolean(augment.flip, "augment.flip"), crop: integer(augment.crop, "augment.crop", 0) },
    readEvery: integer(fields.readEvery, "readEvery", 1),
    validateEvery: integer(fields.validateEvery, "validateEvery", 0),
  };
}

export function parseOptimizer(json: unknown): OptimizerSettings {
  const kind = oneOf((json as { kind?: unknown } | null)?.kind, ["sgd", "adam", "adamw"] as const, "optimizer.kind");
  const names = kind === "sgd" ? ["rate", "momentum", "nesterov", "weightDecay"] : ["rate", "beta1", "beta2", "eps", "weightDecay"];
  const fields = record(json, "optimizer", ["kind", ...names]);
  for (const name of names) if (name !== "nesterov") number(fields[name], `optimizer.${name}`, 0);
  if (kind === "sgd") boolean(fields.nesterov, "optimizer.nesterov");
  return fields as unknown as OptimizerSettings;
}

const SCHEDULE_FIELDS = {
  constant: ["warmup"],
  step: ["at", "factor", "warmup"],
  cosine: ["end", "warmup"],
  "one-cycle": ["start", "end", "peak", "warmup"],
  custom: [],
} as const;

export function parseSchedule(json: unknown): ScheduleSettings {
  const kinds = Object.keys(SCHEDULE_FIELDS) as (keyof typeof SCHEDULE_FIELDS)[];
  const kind = oneOf((json as { kind?: unknown } | null)?.kind, kinds, "schedule.kind");
  const names = SCHEDULE_FIELDS[kind];
  const fields = record(json, "schedule", ["kind", ...names]);
  for (const name of names) {
    if (name === "at") for (const share of list(fields.at, "schedule.at", 1024)) number(share, "schedule.at", 0, 1);
    else number(fields[name], `schedule.${name}`, 0);
  }
  return fields as unknown as ScheduleSettings;
}

function parseGroup(json: unknown): ResolvedGroup {
  const { members: listed, name: called, ...rules } = record(json, "a group", ["name", "members", ...RULES]);
  const name = text(called, "a group's name");
  const settings = { name, ...parseGroupRules(rules, `group ${name}`) };
  checkGroup(settings);
  const members = list(listed, `group ${name}: members`, MAX_MEMBERS);
  return resolved(
    settings,
    members.map((member) => text(member, "a parameter's name")),
  );
}

const RULES = ["rateScale?", "weightDecay?", "l1?", "frozen?"];

/** How a group learns, without its name. */
export function parseGroupRules(json: unknown, group: string): Omit<GroupSettings, "name"> {
  const fields = record(json, group, RULES);
  const optional = <T>(key: string, read: (value: unknown, what: string) => T) =>
    fields[key] === undefined ? undefined : { [key]: read(fields[key], `${group}: ${key}`) };
  return {
    ...optional("rateScale", (value, what) => number(value, what, 0)),
    ...optional("weightDecay", (value, what) => number(value, what, 0)),
    ...optional("l1", parseL1),
    ...optional("frozen", boolean),
  };
}

function parseL1(json: unknown, what: string): L1 {
  const { strength, mode } = record(json, what, ["strength", "mode"]);
  return { strength: number(strength, `${what}.strength`, 0), mode: oneOf(mode, ["subgradient", "proximal"] as const, `${what}.mode`) };
}

/** Each parameter of the network in exactly one group, each group's name once. */
function checkMembers(groups: readonly ResolvedGroup[], graph: Graph): void {
  const members = groups.flatMap((group) => group.members);
  const parameters = parameterKinds(graph);
  const unknown = members.find((name) => !parameters.has(name));
  if (unknown !== undefined)
    throw new ModelError("E_FORMAT", `the recipe's groups name ${show(unknown)}, which is no parameter of the network`);
  if (
    new Set(members).size !== members.length ||
    members.length !== parameters.size ||
    new Set(groups.map((group) => group.name)).size !== groups.length
  ) {
    throw new ModelError("E_FORMAT", "the recipe's groups do not hold each parameter of the network exactly once");
  }
}

/** A finite number in a range; throws ModelError E_FORMAT. */
export function number(json: unknown, what: string, min: number, max: number = Number.MAX_VALUE): number {
  if (typeof json === "number" && Number.isFinite(json) && json >= min && json <= max) return json;
  const range = max === Number.MAX_VALUE ? `of ${min} or more` : `from ${min} to ${max}`;
  throw new ModelError("E_FORMAT", `${what} is ${show(json)}; expected a number ${range}`);
}

export function integer(json: unknown, what: string, min: number): number {
  if (Number.isSafeInteger(json) && (json as number) >= min) return json as number;
  throw new ModelError("E_FORMAT", `${what} is ${show(json)}; expected an integer of ${min} or more`);
}

export function boolean(json: unknown, what: string): boolean {
  if (typeof json === "boolean") return json;
  throw new ModelError("E_FORMAT", `${what} is ${show(json)}; expected true or false`);
}
