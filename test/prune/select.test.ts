import { describe, expect, it } from "vitest";
import { costOf } from "../../src/graph/cost.ts";
import { ops } from "../../src/ops/index.ts";
import { rounded } from "../../src/passes/network.ts";
import { cut } from "../../training/prune/cut.ts";
import { type Scores, scoreChannels } from "../../training/prune/scores.ts";
import { type SelectOptions, select } from "../../training/prune/select.ts";
import { topology } from "./topologies.ts";

const { graph, tensors: exact } = topology("residual, activation after the sum");
const tensors = rounded(exact);
const scores: Scores = {
  criterion: "random",
  sites: { stem: Float64Array.of(0.1, 0.9, 0.4, 0.8), inner: Float64Array.of(0.2, 0.3, 0.05), outer: Float64Array.of(0.7, 0.6, 0.3, 0.5) },
  skipped: { last: "for this test" },
};
const choose = (options: SelectOptions, given: Scores = scores) => select(graph, tensors, given, options);
const alive = (options: SelectOptions) =>
  Object.fromEntries(Object.entries(choose(options).survivors).map(([site, flags]) => [site, Array.from(flags, Number).join("")]));

describe("select by threshold", () => {
  it("cuts scores up to it and nothing that has no score", () => {
    expect(alive({ threshold: 0.3 })).toEqual({ stem: "0111", inner: "000", outer: "1101" });
    const { threshold, channels, warnings } = choose({ threshold: 0.3 });
    expect([threshold, channels]).toEqual([0.3, { total: 11, alive: 6 }]);
    expect(warnings).toEqual(['all 3 channels of "inner" die: what only it feeds becomes constant; protect it, or set a minimum']);
  });

  it("leaves protected activations and a minimum alone", () => {
    expect(alive({ threshold: 0.3, protect: ["stem"] })).toEqual({ stem: "1111", inner: "000", outer: "1101" });
    expect(alive({ threshold: 0.65, minimum: 2 })).toEqual({ stem: "0101", inner: "110", outer: "1100" });
    expect(choose({ threshold: 1, minimum: 1 }).warnings).toEqual([]);
  });

  it("says when nothing is left", () => {
    expect(choose({ threshold: 1 }).warnings.at(-1)).toMatch(/no longer depends on its input/);
    expect(choose({ threshold: -1 })).toMatchObject({ threshold: Number.NEGATIVE_INFINITY, channels: { total: 11, alive: 11 } });
  });
});

describe("select by multiply-adds", () => {
  it.each([0.9, 0.7, 0.5, 0.3, 0.1])("keeps the largest network within %f", (keepMacs) => {
    const { survivors, macs, channels } = choose({ keepMacs });
    expect(macs.before).toBe(costOf(graph, ops).macs);
    expect(macs.after).toBe(cut(graph, tensors, survivors).report.after.macs);
    expect(macs.after).toBeLessThanOrEqual(keepMacs * macs.before);
    // with one channel more, in the order of the scores, it would be too large
    const order = Object.entries(scores.sites).flatMap(([site, values]) =>
      Array.from(values, (score, channel) => ({ site, channel, score })),
    );
    const lastDead = order.filter(({ site, channel }) => !survivors[site]?.[channel]).sort((a, b) => b.score - a.score)[0];
    const larger = Object.fromEntries(Object.entries(survivors).map(([site, flags]) => [site, Uint8Array.from(flags as Uint8Array)]));
    if (lastDead) (larger[lastDead.site] as Uint8Array)[lastDead.channel] = 1;
    expect(cut(graph, tensors, larger).report.after.macs).toBeGreaterThan(keepMacs * macs.before);
    expect(channels.alive).toBeLessThan(channels.total);
  });

  it("keeps everything for 1, and says when a target is out of reach", () => {
    expect(choose({ keepMacs: 1 }).channels).toEqual({ total: 11, alive: 11 });
    expect(() => choose({ keepMacs: 0.01, minimum: 2 })).toThrow(/E_OPTION keepMacs 0.01: .* remain; protect less, or lower minimum/);
  });
});

describe("select refuses", () => {
  it.each<[string, SelectOptions, RegExp]>([
    ["no target", {}, /E_OPTION select: give either threshold or keepMacs/],
    ["two targets", { threshold: 1, keepMacs: 0.5 }, /E_OPTION select: give either threshold or keepMacs/],
    ["a threshold of NaN", { threshold: Number.NaN }, /E_OPTION threshold NaN/],
    ["a share in percent", { keepMacs: 50 }, /E_OPTION keepMacs 50: give a fraction/],
    ["half a channel", { threshold: 1, minimum: 0.5 }, /E_OPTION minimum 0.5/],
    ["an unknown activation", { threshold: 1, protect: ["relu9"] }, /E_OPTION protect names "relu9".*stem, inner, outer, last/],
  ])("%s", (_, options, message) => {
    expect(() => choose(options)).toThrow(message);
  });

  it("scores of another network, and NaN", async () => {
    const other = topology("chain");
    const foreign = await scoreChannels(other.graph, rounded(other.tensors), { criterion: "l1" });
    expect(() => choose({ threshold: 1 }, foreign)).toThrow(/E_INPUT scores of "relu1"/);
    const nan = { ...scores, sites: { stem: Float64Array.of(0, Number.NaN, 0, 0) } };
    expect(() => choose({ threshold: 1 }, nan)).toThrow(/E_INPUT scores of "stem" are not all numbers/);
  });
});
