import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import { adam, optimizerFrom, sgd } from "../../training/optimizers.ts";
import { constant, cosine, oneCycle, type Schedule, scheduleFrom, step } from "../../training/schedules.ts";

const fixture = JSON.parse(readFileSync(new URL("../fixtures/training/steps.json", import.meta.url), "utf8")) as {
  readonly schedules: Readonly<Record<string, readonly number[]>>;
};

const schedules: Readonly<Record<string, Schedule>> = { cosine: cosine(), step: step({ at: [0.5, 0.8] }), "one-cycle": oneCycle() };
const factors = (schedule: Schedule, steps: number) => Array.from({ length: steps }, (_, i) => schedule.factor(i, steps));

describe("schedules", () => {
  it.each(Object.keys(schedules))("are PyTorch's: %s", (kind) => {
    const expected = fixture.schedules[kind] as readonly number[];
    factors(schedules[kind] as Schedule, expected.length).forEach((factor, i) => {
      expect(factor, `step ${i}`).toBeCloseTo(expected[i] as number, 12);
    });
  });

  it("warm up in equal parts, then run their course", () => {
    expect(factors(constant({ warmup: 0.3 }), 10)).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1]);
    expect(factors(cosine({ warmup: 0.2 }), 10).slice(2)).toEqual(factors(cosine(), 8));
  });

  it.each([
    constant(),
    constant({ warmup: 0.5 }),
    step({ at: [0.1, 0.9], factor: 0.3 }),
    cosine({ end: 0.01 }),
    oneCycle({ peak: 0, start: 0.5 }),
  ])("come back from their settings: $settings", (schedule) => {
    const again = scheduleFrom(JSON.parse(JSON.stringify(schedule.settings)));
    expect(factors(again, 17)).toEqual(factors(schedule, 17));
    expect(factors(schedule, 17).every((factor) => factor >= 0 && factor <= 1)).toBe(true);
  });

  it("stay finite in runs of a single step", () => {
    for (const schedule of [...Object.values(schedules), constant({ warmup: 0.9 }), oneCycle({ warmup: 0.9 })]) {
      expect(Number.isFinite(schedule.factor(0, 1))).toBe(true);
    }
  });

  it("refuse what is impossible", () => {
    expect(() => constant({ warmup: 1 })).toThrow(/E_OPTION constant schedule: warmup is 1/);
    expect(() => step({ at: [0.5, 2] })).toThrow(InputError);
    expect(() => cosine({ end: -1 })).toThrow(InputError);
    expect(() => scheduleFrom({ kind: "custom" })).toThrow(/give it again as `schedule`/);
    expect(() => scheduleFrom({ kind: "poly" } as never)).toThrow(/no schedule "poly"/);
  });
});

describe("optimizers", () => {
  it("scale rates by schedule and group", () => {
    const group = { name: "slopes", rateScale: 0.5, weightDecay: 0, l1: { strength: 3e-4, mode: "proximal" } } as const;
    expect(sgd({ rate: 0.1, momentum: 0.8, weightDecay: 1e-4 }).hyper(7, 0.2, group)).toEqual([0.1 * 0.2 * 0.5, 0.8, 0, 3e-4]);
    expect(adam({ rate: 0.1, weightDecay: 1e-4 }).hyper(1, 1, { name: "rest" })).toEqual([
      0.1,
      0.9,
      0.999,
      1e-8,
      1e-4,
      0,
      1 - 0.9 ** 2,
      1 - 0.999 ** 2,
    ]);
  });

  it("refuse what is impossible", () => {
    expect(() => sgd({ rate: Number.NaN })).toThrow(/E_OPTION sgd: rate is NaN/);
    expect(() => sgd({ rate: 0.1, momentum: 1 })).toThrow(/momentum is 1; give a number from 0 to below 1/);
    expect(() => sgd({ rate: 0.1, momentum: 0, nesterov: true })).toThrow(/nesterov needs a momentum/);
    expect(() => optimizerFrom({ kind: "lion" } as never)).toThrow(/no optimizer "lion"/);
  });
});
