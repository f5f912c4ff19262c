/** The largest network within a target in measured time. */
import { InputError } from "../../src/errors.ts";
import type { Graph, Tensors } from "../../src/graph/graph.ts";
import { verify } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import { cut } from "./cut.ts";
import { Forecaster } from "./forecast.ts";
import type { Scores } from "./scores.ts";
import { candidatesOf, checkLimits, everybodyOf, type Limits, type Selection, selectionOf } from "./select.ts";
import type { Survivors } from "./survivors.ts";
import { fewest, survivorsWithout } from "./targets.ts";

/** A target in time. */
export interface TimedOptions extends Limits {
  /** The fraction of the uncut network's time to keep at most. */
  readonly keepTime: number;
  /** How far below the target is near enough, as a fraction of it; 0.1 unless given. */
  readonly tolerance?: number;
  /** How often to measure at most; 12 unless given. */
  readonly trials?: number;
  /** A cut network's time over that of the uncut one, measured in turns. */
  measure(network: { readonly graph: Graph; readonly tensors: Tensors }): Promise<number>;
}

/** Who survives, and how long what is left was measured to take. */
export interface TimedSelection extends Selection {
  /** The measured fraction. */
  readonly time: number;
}

/**
 * Chooses survivors, channels dying in the order of their scores, until the measured time is within the target and nearer to it than the tolerance.
 * Where channels come in steps larger than that, or the machine is too noisy, the largest network that was measured within the target is taken.
 * Throws InputError E_OPTION where even the smallest network takes longer, and for impossible options; E_INPUT for scores of another network.
 */
export async function selectTimed(graph: Graph, tensors: Tensors, scores: Scores, options: TimedOptions): Promise<TimedSelection> {
  verify(graph, ops);
  const { keepTime, tolerance = 0.1, trials = 12 } = options;
  if (!(keepTime > 0 && keepTime <= 1))
    throw new InputError("E_OPTION", `keepTime ${keepTime}: give a fraction above 0 and up to 1, such as 0.5`);
  checkLimits(graph, options);
  const network = new Forecaster(graph, tensors);
  const candidates = candidatesOf(graph, scores, options);
  const without = (dead: number): Survivors => survivorsWithout(everybodyOf(scores), candidates.slice(0, dead));
  if (keepTime === 1) return { ...selectionOf(network, scores, without(0)), time: 1 };
  const { length } = candidates;
  // time follows multiply-adds more or less
  let dead = fewest(length, (count) => count === length || network.forecast(without(count)).macs <= keepTime * network.before.macs);
  /** Fewer dead than these were too slow, more than those fast enough; nothing is known at first. */
  let [slow, fast] = [-1, length + 1];
  let found: { dead: number; time: number } | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let trial = 0; trial < trials && fast - slow > 1; trial++) {
    const time = await options.measure(cut(graph, tensors, without(dead)));
    least = Math.min(least, time);
    if (time > keepTime) slow = dead;
    else {
      fast = dead;
      found = { dead, time };
      if (time >= (1 - tolerance) * keepTime) break;
    }
    dead = (slow + fast) >> 1;
  }
  if (found) return { ...selectionOf(network, scores, without(found.dead)), time: found.time };
  throw new InputError(
    "E_OPTION",
    `keepTime ${keepTime}: the fastest cut that was measured took ${least.toFixed(3)} of the time; protect less, or lower minimum`,
  );
}
