/** Drain tests by the browser's battery level, which moves in whole per cents. */
import { describe, expect, it } from "vitest";
import { readBatteryLevels } from "../../energy/import/browser_battery.ts";
import { importRecording } from "../../energy/import/import.ts";
import type { Marks } from "../../energy/record.ts";
import { live, marksOfLife, settings, truth } from "./simulate.ts";

const WATT_HOURS = 60;
const JOULES = 3600 * WATT_HOURS;
const quiet = { idleWatts: 0.8, windowNoise: 0.01, wandering: { watts: 0.01, seconds: 90 }, driftPerHour: 0 };

function drained(
  seed: number,
  windowSeconds: number,
  change: (t: number) => Partial<NonNullable<Marks["battery"]>[number]> = () => ({}),
): Marks {
  const load = { A: { watts: 2.5, ms: 8 }, N: { watts: 2.5, ms: 8 }, B: { watts: 2.5, ms: 4 }, C: { watts: 2.5, ms: 8 } };
  const life = live(truth(seed, 0.5, { ...quiet, load }), settings({ seed, pairs: 10, windowSeconds, idleSeconds: 7200 }), 5000);
  const battery = Array.from({ length: Math.floor((life.watts.length * life.stepMs) / 10_000) }, (_, i) => {
    const t = life.start + 10_000 * i;
    return { t, level: Math.ceil(100 * (1 - life.joulesAt(t) / JOULES)) / 100, charging: false, ...change(t) };
  });
  return marksOfLife(life, { battery });
}

describe("a drain test", () => {
  it.each([1, 2, 3])("of half-hour windows finds half the energy, with a wide interval (%i)", (seed) => {
    const { result } = importRecording(drained(seed, 1800), readBatteryLevels(drained(seed, 1800), WATT_HOURS));
    expect(result.problems).toEqual([]);
    const { gross } = result.comparisons[0] as { gross: { value: number; low: number; high: number } };
    expect(Math.abs(Math.log(gross.value / 0.5))).toBeLessThan(2 * Math.log(gross.high / gross.value));
    expect(gross.high / gross.low).toBeGreaterThan(1.05);
  });

  it("of windows in which nothing moves is none", () => {
    const { result } = importRecording(drained(1, 120), readBatteryLevels(drained(1, 120), WATT_HOURS));
    expect(result.status).toBe("failed");
    expect(result.verdict).toMatch(/^Not measured/);
  });

  it("ends with the charger", () => {
    const [first = 0] = [drained(1, 1800).marks[10]?.end];
    const marks = drained(1, 1800, (t) => ({ charging: t > first }));
    expect(importRecording(marks, readBatteryLevels(marks, WATT_HOURS)).result.problems[0]).toBe("a charger was plugged in");
  });

  it("needs a browser that shows its battery, and a battery that can be", () => {
    const marks = drained(1, 120);
    expect(() => readBatteryLevels({ ...marks, battery: undefined }, 19)).toThrow(/E_SOURCE the browser did not show its battery/);
    expect(() => readBatteryLevels(marks, 0)).toThrow(/E_OPTION the battery's capacity is 0 Wh/);
  });
});
