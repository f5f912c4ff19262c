/** Two countings of one cut: where an activation follows a sum they agree, where it comes before, the authors' says more than is true. */
import { describe, expect, it } from "vitest";
import { rounded } from "../../src/passes/network.ts";
import { cut } from "../../training/prune/cut.ts";
import type { Survivors } from "../../training/prune/survivors.ts";
import { type Topology, topology } from "./topologies.ts";

interface Case {
  readonly name: Topology;
  readonly survivors: Survivors;
  /** Weights before, and what is left of them by either counting. */
  readonly before: number;
  readonly reported: number;
  readonly true: number;
}

const cases: readonly Case[] = [
  // 2→4, 4→3 (3×3), 3→2
  { name: "chain", survivors: { relu1: [true, false, true, true] }, before: 72 + 108 + 6, reported: 54 + 81 + 6, true: 54 + 81 + 6 },
  // 2→3 (3×3), 3·4→4, 4→2
  { name: "flatten into linear", survivors: { relu1: [true, false, true] }, before: 54 + 48 + 8, reported: 36 + 32 + 8, true: 36 + 32 + 8 },
  // 2→4, 4→3, 3→4, 4→3 (3×3), 3→2; the stream's channel 0 is dead before the sum and lives again after it
  {
    name: "residual, activation after the sum",
    survivors: { stem: [false, true, true, true], inner: [true, true, false], outer: [true, true, true, false] },
    before: 72 + 108 + 108 + 108 + 6,
    reported: 54 + 54 + 54 + 81 + 6,
    true: 54 + 54 + 54 + 81 + 6,
  },
  // 2→4, 4→3, 3→4 (3×3), 4→2: both convolutions that write the stream keep what the last activation reads
  {
    name: "residual, activation first",
    survivors: { first: [true, false, true, true], second: [true, true, false] },
    before: 72 + 108 + 108 + 8,
    reported: 54 + 54 + 72 + 8,
    true: 72 + 54 + 72 + 8,
  },
  // 2→4 (1×1), depthwise 4 (3×3), 4→3 (1×1), 3→2
  {
    name: "depthwise",
    survivors: { wide: [true, true, false, true], deep: [true, true, true, false] },
    before: 8 + 36 + 12 + 6,
    // channel 2 comes out of a dead one: the authors count it where conv3 reads it, and really it is a constant
    reported: 6 + 18 + 9 + 6,
    true: 4 + 18 + 6 + 6,
  },
];

describe("both countings", () => {
  it.each(cases)("of $name", ({ name, survivors, before, reported, true: left }) => {
    const { graph, tensors } = topology(name);
    const { counting } = cut(graph, rounded(tensors), survivors).report;
    expect({
      before: counting.before.weights,
      reported: counting.reported.after.weights,
      true: counting.true.after.weights,
    }).toEqual({ before, reported, true: left });
    for (const { after, saved } of [counting.reported, counting.true]) {
      expect(saved.weights).toBeCloseTo(1 - after.weights / before, 12);
      expect(saved.macs).toBeCloseTo(1 - after.macs / counting.before.macs, 12);
    }
  });

  it("agree on a network of which nothing is cut", () => {
    const { graph, tensors } = topology("concat");
    const { before, reported, true: left } = cut(graph, rounded(tensors)).report.counting;
    for (const { after } of [reported, left]) expect(after).toEqual(before);
  });
});
