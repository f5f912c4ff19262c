/** Parameter groups: which parameters learn, and how fast. */
import { InputError } from "../src/errors.ts";
import type { Graph } from "../src/graph/graph.ts";
import { type ParameterKind, parameterKinds } from "./parameters.ts";

/** L1 on a group: `subgradient` adds strength · sign(p) to the gradient; `proximal` shrinks after the update and reaches exact zeros. */
export interface L1 {
  readonly strength: number;
  readonly mode: "subgradient" | "proximal";
}

/** How a group's parameters learn, where that differs from the optimizer. */
export interface GroupSettings {
  /** Letters, digits, `_` and `-`; it names the group's blocks in the training graph. */
  readonly name: string;
  /** Multiplies the optimizer's rate; 1 unless given. */
  readonly rateScale?: number;
  /** In place of the optimizer's. */
  readonly weightDecay?: number;
  readonly l1?: L1;
  /** These parameters do not learn: no gradient, no update. */
  readonly frozen?: boolean;
}

/** Parameters that learn otherwise than the rest, such as slopes without weight decay. */
export interface ParameterGroup extends GroupSettings {
  /** True for the parameters that belong to it. The first group that matches takes a parameter; the rest form the group `default`. */
  match(name: string, kind: ParameterKind): boolean;
}

/** A group with its parameters, in the graph's order. Plain JSON: a checkpoint holds it. */
export interface ResolvedGroup extends GroupSettings {
  readonly members: readonly string[];
}

/** Slopes in a group of their own, which every recipe of the paper wants. */
export function slopeGroup(settings: Omit<GroupSettings, "name"> & { readonly name?: string } = {}): ParameterGroup {
  return { name: "slopes", ...settings, match: (_, kind) => kind === "slope" };
}

/**
 * Gives each parameter to the first group that matches, or to `default`. Groups that match nothing are left out, so that one recipe serves
 * networks with and without slopes. Throws InputError E_OPTION for impossible settings.
 */
export function resolveGroups(graph: Graph, groups: readonly ParameterGroup[]): ResolvedGroup[] {
  const all: ParameterGroup[] = [...groups, { name: "default", match: () => true }];
  for (const group of all) checkGroup(group);
  const twice = all.find((group, i) => all.findIndex((other) => other.name === group.name) !== i);
  if (twice)
    throw new InputError("E_OPTION", `two parameter groups are named "${twice.name}"; rename one ("default" is the group of the rest)`);
  const members = new Map<ParameterGroup, string[]>(all.map((group) => [group, []]));
  for (const [name, kind] of parameterKinds(graph)) {
    const group = all.find((candidate) => candidate.match(name, kind)) as ParameterGroup;
    members.get(group)?.push(name);
  }
  return all.filter((group) => members.get(group)?.length).map((group) => resolved(group, members.get(group) as string[]));
}

/** Plain JSON, always in this order: equal groups give equal bytes. */
export function resolved({ name, rateScale, weightDecay, l1, frozen }: GroupSettings, members: readonly string[]): ResolvedGroup {
  return {
    name,
    members,
    ...(rateScale !== undefined && { rateScale }),
    ...(weightDecay !== undefined && { weightDecay }),
    ...(l1 && { l1: { strength: l1.strength, mode: l1.mode } }),
    ...(frozen !== undefined && { frozen }),
  };
}

/** Throws InputError E_OPTION for impossible settings. */
export function checkGroup({ name, rateScale = 1, weightDecay = 0, l1 }: GroupSettings): void {
  const fail = (what: string): InputError => new InputError("E_OPTION", `parameter group "${name}": ${what}`);
  if (!/^[\w-]{1,64}$/.test(name)) throw fail("a name is letters, digits, _ and -, at most 64 of them");
  for (const [what, value] of Object.entries({ rateScale, weightDecay, "l1.strength": l1?.strength ?? 0 })) {
    if (!Number.isFinite(value) || value < 0) throw fail(`${what} is ${value}; give a finite number of 0 or more`);
  }
  if (l1 && l1.mode !== "subgradient" && l1.mode !== "proximal") throw fail(`l1.mode is "${l1.mode}"; choose subgradient or proximal`);
}
