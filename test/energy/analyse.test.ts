import { describe, expect, it } from "vitest";
import { analyse } from "../../energy/analyse.ts";
import { noiseOf, planPairs } from "../../energy/plan.ts";
import { counter, live, type Meter, recordOf, settings, type Truth, truth } from "./simulate.ts";

const resultOf = (device: Truth, meter: Meter = counter, plan = settings()) => analyse(recordOf(live(device, plan), meter, device.seed));
const saving = (result: ReturnType<typeof resultOf>) => result.comparisons.find(({ name }) => name === "saving");

describe("1,000 simulated runs of A against itself", () => {
  const runs = 1000;
  const plan = settings();
  const covered = { gross: 0, net: 0 };
  let measured = 0;
  for (let seed = 0; seed < runs; seed++) {
    const result = analyse(recordOf(live(truth(seed), { ...plan, seed }, 1000), { ...counter, everyMs: 2000 }, seed));
    if (result.status === "measured") measured++;
    for (const of of ["gross", "net"] as const) {
      const { low = 2, high = 0 } = saving(result)?.[of] ?? {};
      if (low <= 1 && high >= 1) covered[of]++;
    }
  }

  it.each(["gross", "net"] as const)("have a %s interval that covers 1 in 93 to 97 %% of them", (of) => {
    expect(covered[of]).toBeGreaterThanOrEqual(930);
    expect(covered[of]).toBeLessThanOrEqual(970);
  });

  it("count as measured but for a few whose idle power wandered", () => {
    expect(measured).toBeGreaterThan(0.98 * runs);
  });
});

describe("planted savings", () => {
  it.each([0.05, 0.1, 0.3])("of %f are found with the pairs that plan promised", (planted) => {
    const runs = 100;
    let found = 0;
    let right = 0;
    for (let seed = 0; seed < runs; seed++) {
      // the noise as a run of A against itself shows it
      const pilot = resultOf(truth(5000 + seed, 0, { windowNoise: 0.05 }), { ...counter, everyMs: 2000 }, settings({ seed }));
      const { pairs } = planPairs(planted, noiseOf(pilot, "net") as NonNullable<ReturnType<typeof noiseOf>>);
      const device = truth(seed, planted, { windowNoise: 0.05 });
      const { net } = saving(resultOf(device, { ...counter, everyMs: 2000 }, settings({ pairs, seed }))) ?? {};
      if (net && net.high < 1) found++;
      if (net && net.low <= 1 - planted && net.high >= 1 - planted) right++;
    }
    expect(found).toBeGreaterThanOrEqual(85);
    expect(right).toBeGreaterThanOrEqual(89);
  });
});

describe("a saving of 20 % of the work", () => {
  const gross = 0.8;
  const meters: [string, Partial<Meter>, Partial<Truth>?][] = [
    ["a fine counter", {}],
    ["a counter that goes round every two minutes", { range: 1200, everyMs: 500 }],
    ["a counter in steps of 36 J", { range: undefined, resolution: 36 }],
    ["powers, noisy", { kind: "power", everyMs: 500, noise: 0.05, range: undefined, resolution: undefined }],
    [
      "powers of which every tenth is lost",
      { kind: "power", everyMs: 500, noise: 0.05, dropped: 0.1, range: undefined, resolution: undefined },
    ],
    ["powers of which every tenth comes twice", { kind: "power", everyMs: 500, duplicated: 0.1, range: undefined, resolution: undefined }],
    ["mean powers", { kind: "mean power", everyMs: 1000, range: undefined, resolution: undefined }],
    ["a counter of which a third is lost", { dropped: 0.33 }],
    ["idle power that drifts", {}, { driftPerHour: 0.25 }],
    ["clocks that fall half way", {}, { throttle: { at: 0.5, ms: 1.4, watts: 0.7 } }],
  ];
  it.each(meters)("is found by %s", (_, meter, more = {}) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const result = resultOf(truth(seed, 0.2, more), { ...counter, ...meter }, settings({ seed }));
      expect(result.problems).toEqual([]);
      const found = saving(result);
      for (const of of ["gross", "net"] as const) {
        // in work mode both arms draw the same power, so energy goes with time; five intervals of 99.9 %, nearly
        const { value, low, high } = found?.[of] ?? { value: 0, low: 0, high: 0 };
        expect(Math.log(value / gross)).toBeGreaterThan(-2 * Math.log(high / value));
        expect(Math.log(value / gross)).toBeLessThan(2 * Math.log(value / low));
      }
    }
  });

  it("is, at a fixed rate, a saving above idle only as far as it is one", () => {
    const plan = settings({ mode: "rate", rate: 10 });
    const result = resultOf(
      truth(7, 0.2, { idleWatts: 1, windowNoise: 0.005, wandering: { watts: 0.002, seconds: 90 }, driftPerHour: 0 }),
      counter,
      plan,
    );
    expect(result.problems).toEqual([]);
    const { gross: all, net } = saving(result) as { gross: { value: number }; net: { value: number; low: number; high: number } };
    expect(net.low).toBeLessThan(0.8);
    expect(net.high).toBeGreaterThan(0.8);
    // 1 W of idling and 0.48 W of work: only the work got less
    expect(all.value).toBeCloseTo((1 + 0.48 * 0.8) / 1.48, 2);
  });
});

describe("nothing is concluded where", () => {
  const cases: [string, Partial<Truth>, Partial<Meter>, Parameters<typeof settings>[0], RegExp][] = [
    ["a charger is plugged in half-way", {}, { charger: 0.5 }, {}, /charger was plugged in/],
    ["idle power drifts away", { driftPerHour: 4 }, {}, {}, /idle power went from/],
    [
      "the load takes nothing",
      { load: { ...truth(0).load, A: { watts: 0, ms: 8 }, B: { watts: 0, ms: 8 } } },
      {},
      {},
      /no more energy than idling/,
    ],
    ["there are too few pairs", {}, {}, { pairs: 8 }, /8 pairs count, and 10 are the least/],
    ["the counter may have gone round unseen", {}, { range: 120, everyMs: 10_000 }, {}, /gone round more than once/],
    [
      "half of the powers are missing in long gaps",
      {},
      { kind: "power", everyMs: 20_000, dropped: 0.9, range: undefined },
      {},
      /readings|gaps|lost/,
    ],
    ["the source counts too coarsely", {}, { range: undefined, resolution: 400 }, {}, /counts in steps of 4.0e\+2 J|steps/],
  ];
  it.each(cases)("%s", (_, device, meter, plan, why) => {
    const result = resultOf(truth(3, 0.2, device), { ...counter, ...meter }, settings(plan));
    expect(result.status).toBe("failed");
    expect(result.verdict).toMatch(/^Not measured: /);
    expect(result.problems.join("; ")).toMatch(why);
    expect(result.verdict).not.toMatch(/less energy/);
  });

  it("net energy is never given as zero: gross stays, net is missing", () => {
    const none = { ...truth(0).load, A: { watts: 0, ms: 8 }, B: { watts: 0, ms: 8 } };
    const found = saving(resultOf(truth(3, 0, { load: none })));
    expect(found?.gross?.value).toBeCloseTo(1, 1);
    expect(found?.net).toBeUndefined();
  });

  it("clocks fall within many blocks", () => {
    const record = recordOf(live(truth(1), settings()));
    let nth = 0;
    const marks = record.marks.map((mark) => {
      if (mark.kind !== "window" || mark.position !== 3 || nth++ % 2 === 0) return mark;
      return { ...mark, latency: { meanMs: 16, medianMs: 16, p95Ms: 16 } };
    });
    expect(analyse({ ...record, marks }).problems.join()).toMatch(/5 of 10 blocks were lost .*clock changed within the block/);
  });

  it("a warm-up never settled, a run was stopped, or two clocks hardly fit", () => {
    const record = recordOf(live(truth(1), settings()));
    const arms = record.arms.map((arm) => ({ ...arm, settled: arm.arm === "A" }));
    expect(analyse({ ...record, arms }).problems.join()).toMatch(/latency of B had not settled/);
    expect(analyse({ ...record, interrupted: true }).problems.join()).toMatch(/stopped before its end/);
    expect(analyse({ ...record, clock: { ...record.clock, uncertaintyMs: 2000 } }).problems.join()).toMatch(/clocks fit to 2000 ms only/);
  });
});

it("a total that counts less than its part is not trusted", () => {
  const record = recordOf(live(truth(1, 0.2), settings()));
  const [channel] = record.source.channels as [(typeof record.source.channels)[number]];
  const part = { ...channel, id: "part" };
  const withPart = (share: number) => {
    const values = record.samples.values.all?.map((_, i) => i * share) ?? [];
    const channels = [{ ...channel, contains: ["part"] }, part];
    return analyse({
      ...record,
      source: { ...record.source, channels },
      samples: { ...record.samples, values: { ...record.samples.values, part: values } },
    });
  };
  // 10 W in all
  expect(withPart(8).problems).toEqual([]);
  expect(withPart(30).problems.join()).toMatch(/all counted .* J, and part, which is a part of it, .* J: all is not to be trusted/);
});

describe("the A/A run", () => {
  const run = (n: number, b: number) => {
    const device = truth(11, 0, { windowNoise: 0.005 });
    const load = { ...device.load, N: { watts: 6, ms: 8 * n }, B: { watts: 6, ms: 8 * b } };
    return resultOf({ ...device, load }, counter, settings({ nullPairs: 10 }));
  };
  it("that finds a difference takes the word from a saving of that size", () => {
    expect(run(0.95, 0.95).problems.join()).toMatch(/A\/A run found a difference/);
  });
  it("leaves a saving that is clear of it", () => {
    expect(run(0.95, 0.6).problems).toEqual([]);
    expect(run(1, 0.9).problems).toEqual([]);
  });
});
