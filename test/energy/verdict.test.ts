import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds, reach, withUnit } from "../../energy/report/format.ts";
import { claim } from "../../energy/verdict.ts";

const interval = fc
  .tuple(
    fc.double({ min: 0.05, max: 20, noNaN: true }),
    fc.double({ min: 1, max: 3, noNaN: true }),
    fc.double({ min: 1, max: 3, noNaN: true }),
  )
  .map(([value, down, up]) => ({ value, low: value / down, high: value * up }));

describe("a claim", () => {
  it("never says more than its interval", () => {
    fc.assert(
      fc.property(interval, (ratio) => {
        const text = claim(ratio);
        const { low, high } = ratio;
        const range = /95 %: ([\d.]+)( % less)? … ([\d.]+) % (less|more)/.exec(text) as RegExpExecArray;
        const [first, second] = [Number(range[1]) / 100, Number(range[3]) / 100];
        if (/less energy/.test(text)) {
          expect(high).toBeLessThan(1);
          expect(1 - first).toBeGreaterThanOrEqual(high - 1e-9);
          expect(1 - second).toBeLessThanOrEqual(low + 1e-9);
        } else if (/more energy/.test(text)) {
          expect(low).toBeGreaterThan(1);
          expect(1 + first).toBeLessThanOrEqual(low + 1e-9);
          expect(1 + second).toBeGreaterThanOrEqual(high - 1e-9);
        } else {
          expect(text).toMatch(/^no clearly different energy/);
          expect(low <= 1 && high >= 1).toBe(true);
          expect(1 - first).toBeLessThanOrEqual(low + 1e-9);
          expect(1 + second).toBeGreaterThanOrEqual(high - 1e-9);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [{ value: 0.818, low: 0.797, high: 0.839 }, "18.2 % less energy than A (95 %: 16.1 … 20.3 % less)"],
    [{ value: 0.98, low: 0.93, high: 1.03 }, "no clearly different energy from A (95 %: 7.0 % less … 3.0 % more)"],
    [{ value: 1.1, low: 1.0501, high: 1.152 }, "10.0 % more energy than A (95 %: 5.0 … 15.2 % more)"],
    [{ value: 0.9, low: 0.8, high: 1 }, "no clearly different energy from A (95 %: 20.0 % less … 0.0 % more)"],
    [{ value: 0.9, low: 0.8, high: 0.99996 }, "10.0 % less energy than A (95 %: 0.0 … 20.0 % less)"],
    [{ value: Number.NaN, low: Number.NaN, high: 1 }, "an amount of energy that could not be told"],
  ])("%j is %s", (ratio, text) => expect(claim(ratio)).toBe(text));
});

it("bounds of a table are rounded outwards too", () => {
  fc.assert(
    fc.property(interval, (ratio) => {
      const [low = Number.NaN, high = Number.NaN] = bounds(ratio)
        .split("…")
        .map((text) => Number(text.replaceAll(" ", "")));
      expect(low).toBeLessThanOrEqual(ratio.low);
      expect(high).toBeGreaterThanOrEqual(ratio.high - 1e-12);
    }),
  );
});

it("joules are rounded outwards, with a prefix", () => {
  expect(withUnit(0.012345, "J")).toBe("12.3\u00a0mJ");
  expect(withUnit(0, "J")).toBe("0\u00a0J");
  expect(withUnit(-2.5e-6, "J")).toBe("−2.5\u00a0µJ");
  expect(withUnit(1234.5, "J")).toBe("1.23\u00a0kJ");
  expect(reach({ low: 0.046791, high: 0.048011 }, "J")).toBe("46.7\u00a0mJ … 48.1\u00a0mJ");
  const numberOf = (text: string): number => {
    const [, number = "", prefix = ""] = /^([−\d.e+-]+)\u00a0([GMkmµnp]?)J$/.exec(text) ?? [];
    const factor = { G: 1e9, M: 1e6, k: 1e3, "": 1, m: 1e-3, µ: 1e-6, n: 1e-9, p: 1e-12 }[prefix] as number;
    return Number(number.replace("−", "-")) * factor;
  };
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.double({ min: 1, max: 2, noNaN: true }), (low, wider) => {
      const [from = "", to = ""] = reach({ low, high: low * wider }, "J").split(" … ");
      expect(numberOf(from)).toBeLessThanOrEqual(low * (1 + 1e-9));
      expect(numberOf(to)).toBeGreaterThanOrEqual(low * wider * (1 - 1e-9));
    }),
  );
});
