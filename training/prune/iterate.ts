/** Pruning a little at a time: score, cut, fine-tune, and again, until the goal is reached. */
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { cut } from "./cut.ts";
import type { CutReport } from "./report.ts";
import type { Scores } from "./scores.ts";
import { type Goal, type Limits, type Selection, select } from "./select.ts";
import { type Size, sizeOfGraph } from "./sizes.ts";
import { sitesOf } from "./survivors.ts";

interface Prunable {
  readonly graph: Graph;
  readonly tensors: Tensors;
}

/** A schedule of cuts with training between. */
export interface IterateOptions<N extends Prunable> extends Limits {
  /** How often to cut. */
  readonly rounds: number;
  /** What the last round is to reach, relative to the network before the first. */
  readonly goal: Goal;
  score(network: N, round: number): Promise<Scores>;
  /** Trains what is left; must keep the graph's activations. Called after every round, the last one too. */
  finetune?(network: N, round: number): Promise<N>;
  /** Instead of `select`, as for a goal in milliseconds. */
  choose?(network: N, scores: Scores, round: number, limits: Limits): Promise<Selection>;
  /** Called before anything is cut: warnings are in the selection. */
  onSelection?(selection: Selection, scores: Scores, round: number): void;
}

/** What one cut of several did. */
export interface Round<N extends Prunable> {
  /** 1, 2, … */
  readonly round: number;
  readonly scores: Scores;
  readonly selection: Selection;
  /** What this round's cut did to the round's network. */
  readonly report: CutReport;
  /** After the cut, and after fine-tuning where there is any. */
  readonly cut: N;
  readonly network: N;
}

/** Yields each round when it is done. Throws what scoring, `select`, `cut` and the callbacks throw. */
export async function* iterate<N extends Prunable>(start: N, options: IterateOptions<N>): AsyncGenerator<Round<N>> {
  const { rounds, goal, minimum } = options;
  const whole = sizeOfGraph(start.graph);
  let network = start;
  for (let round = 1; round <= rounds; round++) {
    const scores = await options.score(network, round);
    const names = new Set(sitesOf(network.graph).map(({ name }) => name));
    // a protected activation may have become nobody's input
    const protect = round === 1 ? options.protect : options.protect?.filter((name) => names.has(name));
    const limits: Limits = { ...(protect && { protect }), ...(minimum !== undefined && { minimum }) };
    const selection = options.choose
      ? await options.choose(network, scores, round, limits)
      : select(network.graph, network.tensors, scores, {
          ...limits,
          ...goalOfRound(goal, round, rounds, { whole, now: sizeOfGraph(network.graph) }),
        });
    options.onSelection?.(selection, scores, round);
    const { report, ...small } = cut(network.graph, network.tensors, selection.survivors);
    const left: N = { ...network, ...small };
    network = options.finetune ? await options.finetune(left, round) : left;
    yield { round, scores, selection, report, cut: left, network };
  }
}

/**
 * The goal of one of several rounds: each keeps the same fraction of what the round before it kept. A threshold stays what it is: fine-tuning moves the
 * scores.
 */
export function goalOfRound(goal: Goal, round: number, rounds: number, { whole, now }: { readonly whole: Size; readonly now: Size }): Goal {
  const { threshold, percentile, keepMacs, keepParams, keepBytes } = goal;
  const keep = (share: number, key: keyof Size): number => Math.min(1, (shareOfRound(share, round, rounds) * whole[key]) / now[key]);
  return {
    ...(threshold !== undefined && { threshold }),
    ...(percentile !== undefined && { percentile: 100 * (1 - (1 - percentile / 100) ** (1 / rounds)) }),
    ...(keepMacs !== undefined && { keepMacs: keep(keepMacs, "macs") }),
    ...(keepParams !== undefined && { keepParams: keep(keepParams, "params") }),
    ...(keepBytes !== undefined && { keepBytes: keep(keepBytes, "bytes") }),
  };
}

/** What is to be left after a round of what there was before the first. */
export const shareOfRound = (share: number, round: number, rounds: number): number => share ** (round / rounds);
