/** What is left of a convolution or linear layer: which filters, reading which channels, in how many groups. */
import type { Liveness } from "./liveness.ts";
import { LIVE, type MixWire, readingGroups } from "./wiring.ts";

/** An absent channel: groups are filled up to equal size with zeros. */
export const ABSENT = -1;

export interface FilterPlan {
  readonly groups: number;
  /** Channels of x in the order in which the filters read them, group by group; ABSENT to fill up a group. */
  readonly inputs: readonly number[];
  /** Filters in the order in which they are computed; ABSENT to fill up a group. */
  readonly outputs: readonly number[];
}

/** Groups without a needed filter go; those that stay keep their live channels and needed filters, filled up to the largest of them. */
export function filterPlan(wire: MixWire, { states, needs }: Liveness): FilterPlan {
  const x = states.get(wire.x) as Uint8Array;
  const kept = readingGroups(wire, needs.get(wire.y) as Uint8Array);
  const inputs = kept.map(({ read }) => read.filter((c) => x[c] === LIVE));
  return { groups: kept.length, inputs: filled(inputs), outputs: filled(kept.map((group) => group.kept)) };
}

function filled(groups: readonly (readonly number[])[]): number[] {
  const size = Math.max(0, ...groups.map((group) => group.length));
  return groups.flatMap((group) => [...group, ...new Array<number>(size - group.length).fill(ABSENT)]);
}
