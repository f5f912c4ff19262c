/** `bench -- start`: what it makes of samples, its options, and the harness on a small network in real Chromium. No times are asserted. */
import { expect, it } from "vitest";
import { benchStart, type StartRow, startRow } from "../../bench/start.ts";

it("rows have a t interval on the logarithms of pairs, and meet the bar by its lower end", () => {
  const row = startRow("n", "worker", [1, 2, 4], [6, 12 * Math.exp(0.1), 24 * Math.exp(-0.1)]);
  // standard deviation 0.1 of three logarithms; the 97.5 % quantile of t with 2 degrees of freedom, as printed in tables: 4.3027
  const half = (4.3027 * 0.1) / Math.sqrt(3);
  expect(row).toMatchObject({ network: "n", place: "worker", peer: "onnxruntime-web", ms: 2, meets: false });
  expect(row.peerMs).toBeCloseTo(12 * Math.exp(0.1), 10);
  expect(row.ratio).toBeCloseTo(6, 10);
  expect(row.low).toBeCloseTo(6 * Math.exp(-half), 4);
  expect(row.high).toBeCloseTo(6 * Math.exp(half), 4);
  expect(startRow("n", "window", [1, 2], [5, 10]).meets).toBe(true);
  expect(startRow("n", "window", [1, 2], [4.9, 9.8]).meets).toBe(false);
});

it("options are named where they are wrong", async () => {
  await expect(benchStart(["--rounds", "1"])).rejects.toThrow("E_OPTION --rounds is 1; give integers of 2 or more");
  await expect(benchStart(["--place", "attic"])).rejects.toThrow('E_OPTION --place has no "attic"; it takes worker, window');
});

it("a network starts on both engines", async () => {
  const { value, text } = await benchStart(["--networks", "lenet", "--rounds", "2", "--place", "window"]);
  const { rows } = value as { rows: StartRow[] };
  expect(rows).toMatchObject([{ network: "lenet", place: "window", peer: "onnxruntime-web" }]);
  for (const { ms, peerMs, low, high } of rows) {
    expect(Math.min(ms, peerMs)).toBeGreaterThan(0);
    expect(low).toBeLessThanOrEqual(high);
  }
  expect(text).toMatch(/onnxruntime-web \d.*Chromium \d/);
}, 120_000);
