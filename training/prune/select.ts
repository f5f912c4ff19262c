/** From scores to survivors: by a global threshold or percentile, or by what may stay of multiply-adds, parameters or bytes. */
import { InputError } from "../../src/errors.ts";
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { Forecaster } from "./forecast.ts";
import type { Scores } from "./scores.ts";
import type { Size } from "./sizes.ts";
import { aliveCount, type Survivors, sitesOf } from "./survivors.ts";
import { type Candidate, type Costs, filledUp, largestWithin, survivorsWithout } from "./targets.ts";

/** What must not change, however survivors are chosen. */
export interface Limits {
  /** Activations that keep all their channels. */
  readonly protect?: readonly string[];
  /** Channels that every activation keeps at least, the best by score; 0 unless given: layers may die whole. */
  readonly minimum?: number;
}

/** One of these says how much dies. */
export interface Goal {
  /** Channels with a score of this or less die. */
  readonly threshold?: number;
  /** The channels with the lowest scores die, this many percent of all that have scores. */
  readonly percentile?: number;
  /**
   * The fraction of the multiply-adds to keep at most: the largest network within it, channels dying in the order of their scores. Any one dead channel
   * more would exceed it.
   */
  readonly keepMacs?: number;
  /** The same of the parameters. */
  readonly keepParams?: number;
  /** The same of the bytes of weights, statistics and constants. */
  readonly keepBytes?: number;
}

/** What to reach, and what to leave alone. */
export interface SelectOptions extends Goal, Limits {}

/** Who survives, and what that leaves. */
export interface Selection {
  /** For `cut` and `mask`. Activations without scores are not in it: they keep all. */
  readonly survivors: Survivors;
  /** The highest score among the channels that die; −∞ where none does. */
  readonly threshold: number;
  /** The network's size, and what `cut` will leave of it. */
  readonly before: Size;
  readonly after: Size;
  /** Channels with scores, and how many of them survive. */
  readonly channels: { readonly total: number; readonly alive: number };
  /** What to know before cutting, one sentence each: layers that die whole. */
  readonly warnings: readonly string[];
}

const KEEPS = { keepMacs: "macs", keepParams: "params", keepBytes: "bytes" } as const;
type Keep = keyof typeof KEEPS;
const NAMES = { macs: "multiply-adds", params: "parameters", bytes: "bytes" } as const;

/**
 * Chooses survivors. Costs come from the channels that a cut would keep, dead neighbours included, mostly without cutting. Throws InputError
 * E_OPTION unless exactly one goal is given, for impossible values and for a target that cannot be met; E_INPUT for scores of another network.
 */
export function select(graph: Graph, tensors: Tensors, scores: Scores, options: SelectOptions): Selection {
  verify(graph, ops);
  checkOptions(graph, options);
  const network = new Forecaster(graph, tensors);
  const candidates = candidatesOf(graph, scores, options);
  const everybody = everybodyOf(scores);
  return selectionOf(network, scores, choose(network, candidates, everybody, options));
}

function choose(network: Forecaster, candidates: readonly Candidate[], everybody: Survivors, options: SelectOptions): Survivors {
  const { threshold, percentile } = options;
  if (threshold !== undefined)
    return survivorsWithout(
      everybody,
      candidates.filter(({ score }) => score <= threshold),
    );
  if (percentile !== undefined) {
    const scored = Object.values(everybody).reduce((sum, { length }) => sum + length, 0);
    return survivorsWithout(everybody, candidates.slice(0, Math.round((percentile / 100) * scored)));
  }
  const [keep] = Object.keys(KEEPS).filter((name) => options[name as Keep] !== undefined) as [Keep];
  return within(network, candidates, everybody, keep, options[keep] as number);
}

/**
 * Constants are not foretold: where some come on top, the rest gets so much less room, until all of it is within the target, and then each dead
 * channel is tried for real.
 */
function within(network: Forecaster, candidates: readonly Candidate[], everybody: Survivors, keep: Keep, share: number): Survivors {
  const key = KEEPS[keep];
  const target = network.before[key] * share;
  for (let room = target; ; ) {
    const survivors = largestWithin(candidates, everybody, costsOf(network, key), room);
    if (!survivors) break;
    const excess = network.after(survivors)[key] - target;
    if (excess > 0) room -= excess;
    else if (room === target && network.forecast(survivors).exact) return survivors;
    else return filledUp(survivors, candidates, (larger) => network.fits(larger, key, target));
  }
  const least = network.after(survivorsWithout(everybody, candidates))[key] / network.before[key];
  throw new InputError(
    "E_OPTION",
    `${keep} ${share}: with every scored channel cut ${least.toFixed(3)} of the ${NAMES[key]} remain; protect less, or lower minimum`,
  );
}

function costsOf(network: Forecaster, key: keyof Size): Costs {
  const of = (survivors: Survivors): number => network.forecast(survivors)[key];
  return {
    of,
    restore(survivors, channels, fits) {
      const found = survivorsWithout(survivors, []);
      const steps = network.restoration(survivors);
      for (const { site, channel } of channels) {
        const flags = found[site] as Uint8Array;
        flags[channel] = 1;
        steps?.restore(site, channel);
        if (fits(steps ? steps.size[key] : of(found))) continue;
        flags[channel] = 0;
        steps?.undo();
      }
      return found;
    },
  };
}

/** Survivors that somebody else chose, as a selection. Throws InputError E_INPUT where they are not the network's. */
export function selectGiven(graph: Graph, tensors: Tensors, scores: Scores, survivors: Survivors): Selection {
  verify(graph, ops);
  return selectionOf(new Forecaster(graph, tensors), scores, survivors);
}

/** What a choice comes to. */
export function selectionOf(network: Forecaster, scores: Scores, survivors: Survivors): Selection {
  const counts = Object.values(survivors).map((alive) => ({ total: alive.length, alive: aliveCount(alive) }));
  const dead = Object.entries(survivors).flatMap(([site, flags]) =>
    Array.from(scores.sites[site] ?? []).filter((_, channel) => !flags[channel]),
  );
  const after = network.after(survivors);
  return {
    survivors,
    threshold: dead.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY),
    before: network.before,
    after,
    channels: { total: counts.reduce((sum, { total }) => sum + total, 0), alive: counts.reduce((sum, { alive }) => sum + alive, 0) },
    warnings: warningsOf(survivors, after.macs),
  };
}

function checkOptions(graph: Graph, options: SelectOptions): void {
  const goals = ["threshold", "percentile", ...Object.keys(KEEPS)] as (keyof Goal)[];
  if (goals.filter((name) => options[name] !== undefined).length !== 1)
    throw new InputError("E_OPTION", `select: give one of ${goals.join(", ")}, and only one`);
  const { threshold, percentile } = options;
  if (threshold !== undefined && Number.isNaN(threshold)) throw new InputError("E_OPTION", "threshold NaN: give a number");
  if (percentile !== undefined && !(percentile >= 0 && percentile <= 100))
    throw new InputError("E_OPTION", `percentile ${percentile}: give a number from 0 to 100, such as 40`);
  for (const name of Object.keys(KEEPS) as Keep[]) {
    const share = options[name];
    if (share !== undefined && !(share > 0 && share <= 1))
      throw new InputError("E_OPTION", `${name} ${share}: give a fraction above 0 and up to 1, such as 0.5`);
  }
  checkLimits(graph, options);
}

/** Throws InputError E_OPTION for an activation that the graph has not, and for a minimum that is no number of channels. */
export function checkLimits(graph: Graph, { protect = [], minimum = 0 }: Limits): void {
  if (!Number.isInteger(minimum) || minimum < 0)
    throw new InputError("E_OPTION", `minimum ${minimum}: give a number of channels, 0 or more`);
  const names = sitesOf(graph).map(({ name }) => name);
  const unknown = protect.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError("E_OPTION", `protect names "${unknown}", which is no activation; there are ${names.join(", ")}`);
}

/** The channels that may die, the least missed first; of equal scores the earlier first. */
export function candidatesOf(graph: Graph, scores: Scores, { protect = [], minimum = 0 }: Limits): Candidate[] {
  const channels = new Map(sitesOf(graph).map((site) => [site.name, site.channels]));
  const byScore = (a: Candidate, b: Candidate): number => a.score - b.score;
  return Object.entries(scores.sites)
    .flatMap(([site, list]) => {
      if (channels.get(site) !== list.length) {
        throw new InputError(
          "E_INPUT",
          `scores of "${site}" are ${list.length}, the network has ${channels.get(site) ?? "no such activation"}; score it anew`,
        );
      }
      if (list.some(Number.isNaN)) throw new InputError("E_INPUT", `scores of "${site}" are not all numbers; check its weights for NaN`);
      if (protect.includes(site)) return [];
      const own = Array.from(list, (score, channel) => ({ site, channel, score })).sort(byScore);
      return own.slice(0, Math.max(0, own.length - minimum));
    })
    .sort(byScore);
}

/** All channels that have scores. */
export function everybodyOf(scores: Scores): Survivors {
  return Object.fromEntries(Object.entries(scores.sites).map(([site, list]) => [site, new Uint8Array(list.length).fill(1)]));
}

function warningsOf(survivors: Survivors, macs: number): string[] {
  const dying = Object.entries(survivors).filter(([, alive]) => aliveCount(alive) === 0);
  const warnings = dying.map(
    ([site, alive]) => `all ${alive.length} channels of "${site}" die: what only it feeds becomes constant; protect it, or set a minimum`,
  );
  if (macs === 0) warnings.push("no multiply-add remains: the network's output no longer depends on its input");
  return warnings;
}
