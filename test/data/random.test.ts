import { describe, expect, it } from "vitest";
import { Random } from "../../training/random.ts";
import { expectError } from "./helpers.ts";

const draws = (random: Random, n: number) => Array.from({ length: n }, () => random.uint32());

describe("Random", () => {
  it("is xoshiro128**: the first numbers from state 1, 2, 3, 4 are the reference implementation's", () => {
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
    expect(draws(Random.from([1, 2, 3, 4]), 10)).toEqual(expected);
  });

  it("repeats for equal seeds, and differs for unequal ones", () => {
    expect(draws(new Random(7), 5)).toEqual(draws(new Random(7), 5));
    const seeds = [0, 1, -1, 0.5, 2 ** 40, 2 ** 40 + 1, 4294967296, "0", "1", "", "a", "ab", "ba"];
    const starts = seeds.map((seed) => draws(new Random(seed), 3).join());
    expect(new Set(starts).size).toBe(seeds.length);
    expect(draws(new Random(-0), 3)).toEqual(draws(new Random(0), 3));
  });

  it("resumes from its state to the same bits, also between two normal numbers", () => {
    const random = new Random("resume");
    random.normal();
    const saved: number[] = JSON.parse(JSON.stringify(random.state()));
    const next = (from: Random) => [from.normal(), from.uniform(), from.int(10), from.truncatedNormal(1, 2, 0.7, 1.4), from.normal()];
    expect(next(Random.from(saved))).toEqual(next(random));
  });

  it("forks streams that depend on label and state, differ from the parent's, and leave it where it was", () => {
    const random = new Random(3);
    const before = random.state();
    const fork = draws(random.fork("a"), 4);
    expect(random.state()).toEqual(before);
    expect(draws(random.fork("a"), 4)).toEqual(fork);
    const others = [draws(random.fork("b"), 4), draws(random.fork("a").fork("a"), 4), draws(random, 4), draws(random.fork("a"), 4)];
    for (const other of others) expect(other).not.toEqual(fork);
    expect(draws(new Random(3).fork(1), 2)).toEqual(draws(new Random(3).fork("1"), 2));
  });

  it("has the moments of its distributions", () => {
    const n = 20_000;
    const moments = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b) / n;
      return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / n };
    };
    const fill = (draw: () => number) => Array.from({ length: n }, draw);
    const random = new Random(11);
    // Four standard errors of each mean; the seed is fixed, so this either always holds or never.
    const uniform = moments(fill(() => random.uniform()));
    expect(Math.abs(uniform.mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * n));
    expect(uniform.variance).toBeCloseTo(1 / 12, 2);
    const normal = moments(fill(() => random.normal(2, 3)));
    expect(Math.abs(normal.mean - 2)).toBeLessThan((4 * 3) / Math.sqrt(n));
    expect(Math.abs(normal.variance / 9 - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    const slopes = fill(() => random.truncatedNormal(1, Math.sqrt(3), 0.7, 1.428));
    expect(Math.min(...slopes)).toBeGreaterThanOrEqual(0.7);
    expect(Math.max(...slopes)).toBeLessThanOrEqual(1.428);
    // Nearly uniform there: its mean is within a thousandth of (0.7 + 1.428) / 2.
    expect(moments(slopes).mean).toBeCloseTo(1.064, 2);
  });

  it("draws each integer below n equally often, also where n does not divide 2^32", () => {
    const random = new Random(5);
    const counts = new Array(7).fill(0);
    for (let i = 0; i < 14_000; i++) counts[random.int(7)]++;
    const chi2 = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chi2).toBeLessThan(22.5); // the 99.9 % point of χ² with 6 degrees of freedom
    expect(random.int(1)).toBe(0);
    // Below 3 · 2^30 a modulo would give the lower third twice as often.
    let low = 0;
    for (let i = 0; i < 3000; i++) if (random.int(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 1000)).toBeLessThan(4 * Math.sqrt(3000 * (2 / 9)));
  });

  it("shuffles in place, to each order equally often", () => {
    const random = new Random(9);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const array = Int32Array.of(1, 2, 3);
      expect(random.shuffle(array)).toBe(array);
      counts.set(array.join(), (counts.get(array.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(6000 * (5 / 36)));
    expect(random.shuffle(new Int32Array(0))).toHaveLength(0);
  });

  it.each([[[]], [[1, 2, 3]], [[0, 0, 0, 0]], [[1, 2, 3, -1]], [[1, 2, 3, 2 ** 32]], [[1, 2, 3, 0.5]], [[1, 2, 3, Number.NaN]]])(
    "refuses the state %j",
    (state) => expectError(() => Random.from(state), "E_INPUT", "state()").then(() => {}),
  );

  it("refuses impossible requests instead of looping", async () => {
    const random = new Random();
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) await expectError(() => random.int(n), "E_OPTION", `${n}`);
    await expectError(() => random.truncatedNormal(0, 1, 2, 1), "E_OPTION", "[2, 1]");
    await expectError(() => random.truncatedNormal(0, 1, 40, 41), "E_OPTION", "[40, 41]");
    await expectError(() => new Random(Number.NaN), "E_OPTION", "NaN");
  });
});
