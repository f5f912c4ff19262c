/** From scores to survivors: by a global threshold, or by the multiply-adds that may stay. */
import { InputError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { networkOf } from "../../src/passes/network.ts";
import { unfused } from "../../src/passes/split.ts";
import { macsOf } from "./filters.ts";
import { livenessOf } from "./liveness.ts";
import type { Scores } from "./scores.ts";
import { aliveCount, deadChannels, type Survivors, sitesOf } from "./survivors.ts";
import { wiringOf } from "./wiring.ts";

export interface SelectOptions {
  /** Channels with a score of this or less die. */
  readonly threshold?: number;
  /** Instead: the fraction of the multiply-adds to keep at most. The largest network within it, taking channels in the order of their scores. */
  readonly keepMacs?: number;
  /** Activations that keep all their channels. */
  readonly protect?: readonly string[];
  /** Channels that every activation keeps at least, the best by score; 0 unless given: layers may die whole. */
  readonly minimum?: number;
}

export interface Selection {
  /** For `cut` and `mask`. Activations without scores are not in it: they keep all. */
  readonly survivors: Survivors;
  /** The highest score among the channels that die; −∞ where none does. */
  readonly threshold: number;
  /** Multiply-adds per example before and after the cut, exactly as `cut` will leave them. */
  readonly macs: { readonly before: number; readonly after: number };
  /** Channels with scores, and how many of them survive. */
  readonly channels: { readonly total: number; readonly alive: number };
  /** What to know before cutting, one sentence each: layers that die whole. */
  readonly warnings: readonly string[];
}

interface Candidate {
  readonly site: string;
  readonly channel: number;
  readonly score: number;
}

/**
 * Chooses survivors. Costs come from the channels that a cut would keep, dead neighbours included, without cutting. Throws InputError E_OPTION
 * unless exactly one of `threshold` and `keepMacs` is given, for impossible values and for a target that cannot be met; E_INPUT for scores of
 * another network.
 */
export function select(graph: Graph, tensors: Tensors, scores: Scores, options: SelectOptions): Selection {
  verify(graph, ops);
  checkOptions(graph, options);
  const wiring = wiringOf(unfused(networkOf(graph, tensors)));
  const candidates = candidatesOf(graph, scores, options);
  const survivorsOf = (count: number): Survivors => survivorsWithout(scores, candidates.slice(0, count));
  const macsAt = (count: number): number => macsOf(wiring, livenessOf(wiring, deadChannels(graph, survivorsOf(count))));
  const before = costOf(graph, ops).macs;
  const count =
    options.keepMacs === undefined
      ? candidates.filter(({ score }) => score <= (options.threshold as number)).length
      : fewest(candidates.length, before * options.keepMacs, macsAt, options.keepMacs, before);
  const survivors = survivorsOf(count);
  const counts = Object.values(survivors).map((alive) => ({ total: alive.length, alive: aliveCount(alive) }));
  const after = macsAt(count);
  return {
    survivors,
    threshold: candidates[count - 1]?.score ?? Number.NEGATIVE_INFINITY,
    macs: { before, after },
    channels: { total: counts.reduce((sum, { total }) => sum + total, 0), alive: counts.reduce((sum, { alive }) => sum + alive, 0) },
    warnings: warningsOf(survivors, after),
  };
}

function checkOptions(graph: Graph, { threshold, keepMacs, protect = [], minimum = 0 }: SelectOptions): void {
  if ((threshold === undefined) === (keepMacs === undefined)) throw new InputError("E_OPTION", "select: give either threshold or keepMacs");
  if (threshold !== undefined && Number.isNaN(threshold)) throw new InputError("E_OPTION", "threshold NaN: give a number");
  if (keepMacs !== undefined && !(keepMacs > 0 && keepMacs <= 1)) {
    throw new InputError("E_OPTION", `keepMacs ${keepMacs}: give a fraction above 0 and up to 1, such as 0.5`);
  }
  if (!Number.isInteger(minimum) || minimum < 0)
    throw new InputError("E_OPTION", `minimum ${minimum}: give a number of channels, 0 or more`);
  const names = sitesOf(graph).map(({ name }) => name);
  const unknown = protect.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new InputError("E_OPTION", `protect names "${unknown}", which is no activation; there are ${names.join(", ")}`);
}

/** The channels that may die, the least missed first; of equal scores the earlier first. */
function candidatesOf(graph: Graph, scores: Scores, { protect = [], minimum = 0 }: SelectOptions): Candidate[] {
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

function survivorsWithout(scores: Scores, dead: readonly Candidate[]): Survivors {
  const survivors = Object.fromEntries(Object.entries(scores.sites).map(([site, list]) => [site, new Uint8Array(list.length).fill(1)]));
  for (const { site, channel } of dead) (survivors[site] as Uint8Array)[channel] = 0;
  return survivors;
}

/** How many candidates must die, counted from the least missed: costs only fall with their number. */
function fewest(candidates: number, target: number, macsAt: (count: number) => number, keep: number, before: number): number {
  const least = macsAt(candidates);
  if (least > target) {
    throw new InputError(
      "E_OPTION",
      `keepMacs ${keep}: with every scored channel cut ${(least / before).toFixed(3)} of the multiply-adds remain; protect less, or lower minimum`,
    );
  }
  let [low, high] = [0, candidates];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (macsAt(middle) <= target) high = middle;
    else low = middle + 1;
  }
  return high;
}

function warningsOf(survivors: Survivors, macs: number): string[] {
  const dying = Object.entries(survivors).filter(([, alive]) => aliveCount(alive) === 0);
  const warnings = dying.map(
    ([site, alive]) => `all ${alive.length} channels of "${site}" die: what only it feeds becomes constant; protect it, or set a minimum`,
  );
  if (macs === 0) warnings.push("no multiply-add remains: the network's output no longer depends on its input");
  return warnings;
}
