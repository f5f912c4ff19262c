import { describe, expect, it } from "vitest";
import { meanInterval, median, pairedDifference, ratioInterval, studentT } from "../../src/intervals.ts";
import { interleave } from "../../training/measure/interleave.ts";
import { Random } from "../../training/random.ts";

describe("studentT", () => {
  // 97.5 % quantiles as printed in tables of the t distribution
  const tabled: [number, number][] = [
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [9, 2.262],
    [15, 2.131],
    [30, 2.042],
    [120, 1.98],
  ];
  it.each(tabled)("%i degrees of freedom: %f", (freedom, quantile) => {
    expect(Math.abs(studentT(freedom) / quantile - 1)).toBeLessThan(0.003);
  });
});

describe("intervals", () => {
  it("cover the truth in about 95 % of simulated experiments", () => {
    const random = new Random(1);
    const trials = 2000;
    const covered = { mean: 0, ratio: 0, paired: 0 };
    for (let trial = 0; trial < trials; trial++) {
      const sample = Array.from({ length: 8 }, () => random.normal(3, 2));
      const mean = meanInterval(sample);
      if (mean.low <= 3 && 3 <= mean.high) covered.mean++;

      const b = Array.from({ length: 10 }, () => Math.exp(random.normal(0, 0.3)));
      const a = b.map((x) => 2 * x * Math.exp(random.normal(0, 0.1)));
      const ratio = ratioInterval(a, b);
      if (ratio.low <= 2 && 2 <= ratio.high) covered.ratio++;

      // a hits with 0.8; b agrees unless a coin of 0.1 turns it: 0.8 · 0.9 + 0.2 · 0.1 = 0.74
      const hitsA = Uint8Array.from({ length: 1000 }, () => (random.uniform() < 0.8 ? 1 : 0));
      const hitsB = hitsA.map((hit) => (random.uniform() < 0.1 ? 1 - hit : hit));
      const paired = pairedDifference(hitsA, hitsB);
      if (paired.low <= 0.06 && 0.06 <= paired.high) covered.paired++;
    }
    for (const count of Object.values(covered)) {
      expect(count / trials).toBeGreaterThan(0.93);
      expect(count / trials).toBeLessThan(0.97);
    }
  });

  it("a difference between equal predictions is exactly zero", () => {
    const hits = Uint8Array.of(1, 0, 1, 1);
    expect(pairedDifference(hits, hits)).toEqual({ value: 0, low: 0, high: 0 });
  });

  it("the median of an even count is the middle two's mean", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([3, 1, 2])).toBe(2);
  });
});

describe("interleave", () => {
  it("takes turns and leaves the warm-up out", async () => {
    const calls: string[] = [];
    const samples = await interleave([async () => calls.push("a"), async () => calls.push("b")], { rounds: 3, sampleMs: 0 });
    expect(calls.join("")).toBe("abababab");
    expect(samples.map((list) => list.length)).toEqual([3, 3]);
  });

  it("stops when its signal fires", async () => {
    const signal = AbortSignal.abort();
    await expect(interleave([async () => {}], { rounds: 1, sampleMs: 0, signal })).rejects.toMatchObject({ code: "E_ABORTED" });
  });
});
