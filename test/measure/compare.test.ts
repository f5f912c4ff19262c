/** Comparing times: what is asserted is when it stops, never a time. */
import { describe, expect, it } from "vitest";
import { AbortedError } from "../../src/errors.ts";
import { compareTimes } from "../../training/measure/index.ts";

/** Counts its calls; each keeps the clock busy for some milliseconds, more than a sample. */
function busy(ms: () => number) {
  const calls = { count: 0 };
  const run = async (): Promise<void> => {
    calls.count++;
    const end = performance.now() + ms();
    while (performance.now() < end);
  };
  return { run, calls };
}

describe("compareTimes", () => {
  it("stops as soon as the ratio is known, having called both as often", async () => {
    const [a, b] = [busy(() => 21), busy(() => 21)];
    await compareTimes(a.run, b.run, { precision: 1000 });
    // 15 rounds and one to warm up
    expect([a.calls.count, b.calls.count]).toEqual([16, 16]);
  });

  it("goes on while it is not, and comes to an end all the same", async () => {
    const [a, b] = [busy(() => 21), busy(() => 21)];
    const { before, after, ratio } = await compareTimes(a.run, b.run, { precision: 0, mostRounds: 30 });
    expect([a.calls.count, b.calls.count]).toEqual([32, 32]);
    expect(before > 0 && after > 0).toBe(true);
    expect(ratio.low).toBeLessThanOrEqual(ratio.value);
    expect(ratio.high).toBeGreaterThanOrEqual(ratio.value);
  });

  it("can be aborted", async () => {
    const { run } = busy(() => 1);
    await expect(compareTimes(run, run, { signal: AbortSignal.abort() })).rejects.toThrow(AbortedError);
  });
});
