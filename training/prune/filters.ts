/** What is left of a convolution or linear layer: which filters, reading which channels, in how many groups. */
import type { Graph } from "../../src/graph/graph.ts";
import { bindNode } from "../../src/graph/io.ts";
import { opOf } from "../../src/graph/verify.ts";
import { ops } from "../../src/ops/index.ts";
import type { Liveness } from "./liveness.ts";
import { LIVE, type MixWire, readingGroups, type Wiring } from "./wiring.ts";

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

/** Multiply-adds per example of the network that a cut would leave, without making it. */
export function macsOf(wiring: Wiring, liveness: Liveness): number {
  let macs = 0;
  for (const wire of wiring.wires) if (wire.kind === "mix") macs += filterMacs(wiring.graph, wire, filterPlan(wire, liveness));
  return macs;
}

/** The op's own formula at the sizes of the plan. */
function filterMacs(graph: Graph, wire: MixWire, { groups, inputs, outputs }: FilterPlan): number {
  if (outputs.length === 0) return 0;
  const def = opOf(wire.node, ops);
  const io = bindNode(graph, wire.node, def, 1);
  const resize = (slot: string): readonly number[] => {
    const shape = [...io.shape(slot)];
    if (slot === "x") shape[1] = inputs.length;
    if (slot === "y") shape[1] = outputs.length;
    if (slot === "w") shape.splice(0, 2, outputs.length, inputs.length / groups);
    return shape;
  };
  return def.macs({ ...io, attrs: { ...(io.attrs as object), groups }, shape: resize });
}
