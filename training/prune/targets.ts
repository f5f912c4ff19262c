/** The largest network within a target: channels die in the order of their scores, and those that fit come back. */
import type { Survivors } from "./survivors.ts";

/** A channel that may die. */
export interface Candidate {
  readonly site: string;
  readonly channel: number;
  readonly score: number;
}

/** What a network costs in the one respect that a target is about. It must not fall when a channel comes back. */
export interface Costs {
  of(survivors: Survivors): number;
  /** The same for one channel that comes back after another: each stays if `fits` says so of the cost with it. */
  restore(survivors: Survivors, channels: readonly Candidate[], fits: (cost: number) => boolean): Survivors;
}

/**
 * Survivors whose cost is within the limit, such that with any one dead candidate more it would not be. `candidates` come the least missed first;
 * `everybody` survives where nothing dies. Undefined where even without all candidates it costs more.
 */
export function largestWithin(candidates: readonly Candidate[], everybody: Survivors, costs: Costs, limit: number): Survivors | undefined {
  const fits = (cost: number): boolean => cost <= limit;
  const without = (dead: number): Survivors => survivorsWithout(everybody, candidates.slice(0, dead));
  if (!fits(costs.of(without(candidates.length)))) return undefined;
  const count = fewest(candidates.length, (dead) => fits(costs.of(without(dead))));
  // what does not fit now fits no better once others are back, so that one walk is enough
  return costs.restore(without(count), candidates.slice(0, count).reverse(), fits);
}

/** Dead candidates come back, the most missed first, as long as one of them fits. */
export function filledUp(survivors: Survivors, candidates: readonly Candidate[], fits: (larger: Survivors) => boolean): Survivors {
  const found = survivorsWithout(survivors, []);
  for (let more = true; more; ) {
    more = false;
    for (const { site, channel } of [...candidates].reverse()) {
      const flags = found[site] as Uint8Array;
      if (flags[channel]) continue;
      flags[channel] = 1;
      if (fits(found)) more = true;
      else flags[channel] = 0;
    }
  }
  return found;
}

/** The smallest count from 0 to `most` for which `enough` holds, as it does for all larger ones and for `most`. */
export function fewest(most: number, enough: (count: number) => boolean): number {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (enough(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}

/** A copy of the survivors from which these are missing. */
export function survivorsWithout(everybody: Survivors, dead: readonly Candidate[]): Record<string, Uint8Array> {
  const copy = (flags: Survivors[string]) => Uint8Array.from(flags as ArrayLike<boolean | number>, Number);
  const survivors = Object.fromEntries(Object.entries(everybody).map(([site, flags]) => [site, copy(flags)]));
  for (const { site, channel } of dead) (survivors[site] as Uint8Array)[channel] = 0;
  return survivors;
}
