import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import type { Tensors } from "../../src/graph/graph.ts";
import { rounded } from "../../src/passes/network.ts";
import { cut, cutExact } from "../../training/prune/cut.ts";
import { type Scores, scoreChannels } from "../../training/prune/scores.ts";
import { type SelectOptions, select } from "../../training/prune/select.ts";
import { sizeOfGraph } from "../../training/prune/sizes.ts";
import { type Survivors, sitesOf } from "../../training/prune/survivors.ts";
import { Random } from "../../training/random.ts";
import { randomNetwork } from "./random_network.ts";
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

describe("select by percentile", () => {
  it.each([
    [0, 11],
    [40, 7],
    [50, 5],
    [100, 0],
  ])("%i cuts the lowest scores of all", (percentile, left) => {
    const { channels, survivors, threshold } = choose({ percentile });
    expect(channels).toEqual({ total: 11, alive: left });
    for (const [site, list] of Object.entries(scores.sites)) {
      list.forEach((score, channel) => {
        // of equal scores the earlier die first
        if (survivors[site]?.[channel]) expect(score).toBeGreaterThanOrEqual(threshold);
        else expect(score).toBeLessThanOrEqual(threshold);
      });
    }
  });

  it("counts channels that must stay, too", () => {
    expect(choose({ percentile: 50, protect: ["outer"] }).channels.alive).toBe(5);
    expect(choose({ percentile: 100, protect: ["outer"], minimum: 1 }).channels.alive).toBe(6);
  });
});

describe.each([
  ["keepMacs", "macs"],
  ["keepParams", "params"],
  ["keepBytes", "bytes"],
] as const)("select by %s", (option, key) => {
  /** As they would be with each of the dead channels back. */
  const restored = (survivors: Survivors): Survivors[] =>
    Object.entries(survivors).flatMap(([site, flags]) => {
      const list = Array.from(flags as ArrayLike<number>);
      return list.flatMap((alive, c) => (alive ? [] : [{ ...survivors, [site]: list.map((flag, i) => i === c || Boolean(flag)) }]));
    });

  it.each([0.9, 0.7, 0.5, 0.3, 0.1])("keeps the largest network within %f", (share) => {
    const { survivors, before, after, channels } = choose({ [option]: share });
    expect(before).toEqual(sizeOfGraph(graph));
    expect(after).toEqual(cut(graph, tensors, survivors).report.after);
    expect(after[key]).toBeLessThanOrEqual(share * before[key]);
    expect(channels.alive).toBeLessThan(channels.total);
    // with any channel more it would be too large
    for (const larger of restored(survivors)) expect(cut(graph, tensors, larger).report.after[key]).toBeGreaterThan(share * before[key]);
  });

  it.each([0.8, 0.5, 0.25])("and so it does of random networks within %f", (share) => {
    let met = 0;
    for (let seed = 0; seed < 25; seed++) {
      const random = new Random(`select ${seed}`);
      const network = randomNetwork(random);
      const drawn = Object.fromEntries(sitesOf(network.graph).map(({ name, channels }) => [name, randomScores(random, channels)]));
      const given: Scores = { criterion: "random", sites: drawn, skipped: {} };
      const selected = tryTo(() => select(network.graph, network.tensors as Tensors, given, { [option]: share }));
      if (!selected) continue;
      met++;
      const costOfCut = (survivors: Survivors) => sizeOfGraph(cutExact(network, survivors).graph)[key];
      const limit = share * selected.before[key];
      expect(selected.after, `seed ${seed}`).toEqual(sizeOfGraph(cutExact(network, selected.survivors).graph));
      expect(selected.after[key], `seed ${seed}`).toBeLessThanOrEqual(limit);
      for (const larger of restored(selected.survivors)) expect(costOfCut(larger), `seed ${seed}`).toBeGreaterThan(limit);
    }
    expect(met).toBeGreaterThan(10);
  });

  it("keeps everything for 1, and says when a target is out of reach", () => {
    expect(choose({ [option]: 1 }).channels).toEqual({ total: 11, alive: 11 });
    expect(() => choose({ [option]: 0.01, minimum: 2 })).toThrow(/E_OPTION keep\w+ 0.01: .* remain; protect less, or lower minimum/);
  });
});

const randomScores = (random: Random, channels: number): Float64Array => Float64Array.from({ length: channels }, () => random.uniform());

/** Undefined where a target is out of reach. */
function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError && error.code === "E_OPTION") return undefined;
    throw error;
  }
}

describe("select refuses", () => {
  it.each<[string, SelectOptions, RegExp]>([
    ["no target", {}, /E_OPTION select: give one of threshold, percentile, keepMacs/],
    ["two targets", { threshold: 1, keepMacs: 0.5 }, /E_OPTION select: .* only one/],
    ["a threshold of NaN", { threshold: Number.NaN }, /E_OPTION threshold NaN/],
    ["a share in percent", { keepMacs: 50 }, /E_OPTION keepMacs 50: give a fraction/],
    ["a percentile beyond all", { percentile: 101 }, /E_OPTION percentile 101: give a number from 0 to 100/],
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
