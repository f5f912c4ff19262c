import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Channel } from "../../energy/source.ts";
import { energyBetween, sumBetween, traceOf } from "../../energy/trace.ts";

const channel = (more: Partial<Channel> = {}): Channel => ({
  id: "x",
  covers: "",
  contains: [],
  kind: "counter",
  unit: "µJ",
  scale: 1e-6,
  ...more,
});
const seconds = (count: number) => Array.from({ length: count }, (_, i) => 1000 * i);

describe("a counter", () => {
  it("that goes round gives what it would have without", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000_000, max: 300_000_000 }),
        fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 5, maxLength: 60 }),
        fc.nat(),
        (range, steps, from) => {
          let value = from % range;
          const values = [value, ...steps.map((step) => (value = (value + step) % range))];
          const trace = traceOf(channel({ range: range * 1e-6, maxWatts: 0.5 }), seconds(values.length), values);
          expect(trace.gaps).toEqual([]);
          expect(trace.joules.at(-1)).toBeCloseTo(steps.reduce((a, b) => a + b, 0) * 1e-6, 9);
        },
      ),
    );
  });

  it("that falls counts as energy is used", () => {
    const trace = traceOf(channel({ unit: "µWh", scale: -0.0036 }), seconds(4), [50_000_000, 49_999_000, 49_998_000, 49_996_000]);
    expect(trace.joules).toEqual([0, expect.closeTo(3.6), expect.closeTo(7.2), expect.closeTo(14.4)]);
  });

  it("that goes back without a range is lost there, and so is one that was reset", () => {
    expect(traceOf(channel(), seconds(4), [5e6, 6e6, 1e6, 2e6]).gaps).toEqual([
      { from: 1000, to: 2000, why: "the counter went back", counted: false },
    ]);
    const reset = traceOf(channel({ range: 262_000 }), seconds(6), [5e6, 6e6, 7e6, 100, 1e6, 2e6]);
    expect(reset.gaps).toEqual([{ from: 2000, to: 3000, why: "the counter was reset", counted: false }]);
    expect(reset.joules.at(-1)).toBeCloseTo(4, 3);
  });

  it("is lost where it may have gone round more than once", () => {
    const trace = traceOf(channel({ range: 10, maxWatts: 20 }), [0, 100, 200, 1200, 1300], [0, 1e6, 2e6, 3e6, 4e6]);
    expect(trace.gaps.map(({ why }) => why)).toEqual(["the counter may have gone round more than once"]);
  });

  it("goes on while nobody reads it: a gap within a stretch loses nothing, one across its edge does", () => {
    const trace = traceOf(channel(), [...seconds(10), 30_000, 31_000, 32_000], [...seconds(10).map((t) => 1000 * t), 30e6, 31e6, 32e6]);
    expect(energyBetween(trace, 1000, 31_000)).toEqual({ joules: expect.closeTo(30), lost: 0 });
    const across = energyBetween(trace, 1000, 20_000);
    expect(across.lost).toBeCloseTo(11 / 19);
    expect(across.why).toBe("readings are missing");
  });

  it("above its own range is not unwound by it", () => {
    expect(traceOf(channel({ range: 1 }), seconds(3), [5e6, 6e6, 7e6]).joules.at(-1)).toBeCloseTo(2);
  });
});

describe("powers", () => {
  it("are summed up between readings, mean powers over the time before theirs", () => {
    const t = seconds(3);
    expect(traceOf(channel({ kind: "power", scale: 1e-6 }), t, [1e6, 3e6, 3e6]).joules).toEqual([0, 2, 5]);
    expect(traceOf(channel({ kind: "mean power", scale: 1e-3 }), t, [9e3, 2e3, 3e3]).joules).toEqual([0, 2, 5]);
  });

  it("with the same time are averaged, and order is made", () => {
    const trace = traceOf(channel({ kind: "power", scale: 1 }), [0, 2000, 1000, 1000], [1, 1, 0, 2]);
    expect(trace).toMatchObject({ duplicates: 1, disordered: 1, joules: [0, 1, 2] });
  });

  it("that are missing, or no numbers, are left out", () => {
    const trace = traceOf(
      channel({ kind: "power", scale: 1 }),
      [0, 1000, 2000, Number.NaN, 3000],
      [1, null, 1, 5, Number.POSITIVE_INFINITY],
    );
    expect(trace.t).toEqual([0, 2000]);
    expect(energyBetween(traceOf(channel(), [], []), 0, 1000)).toMatchObject({ joules: 0, lost: 1 });
  });
});

it("a sum is lost where one of its parts is", () => {
  const whole = traceOf(
    channel(),
    seconds(10),
    seconds(10).map((t) => 1000 * t),
  );
  const half = traceOf(
    channel(),
    seconds(5),
    seconds(5).map((t) => 2000 * t),
  );
  expect(sumBetween([whole, half], 0, 4000)).toEqual({ joules: expect.closeTo(12), lost: 0 });
  expect(sumBetween([whole, half], 0, 8000).lost).toBeCloseTo(0.5);
});
