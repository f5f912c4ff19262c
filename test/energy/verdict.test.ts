import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds } from "../../energy/report/format.ts";
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
