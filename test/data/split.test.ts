import { describe, expect, it } from "vitest";
import { type Split, statistics } from "../../training/data/dataset.ts";
import { sampleIndices, splitIndices, splitOff } from "../../training/data/split.ts";
import { Random } from "../../training/random.ts";
import { expectError, noise } from "./helpers.ts";

/** Pictures of 2 bytes that carry their own number, so that it shows where each went. */
function numbered(labels: readonly number[]): Split {
  const images = Uint8Array.from(labels.flatMap((_, i) => [i & 255, i >> 8]));
  return { count: labels.length, images, labels: Int32Array.from(labels) };
}

const numbers = (split: Split) => Array.from({ length: split.count }, (_, i) => split.images[2 * i]! + 256 * split.images[2 * i + 1]!);
const count = (labels: Iterable<number>, label: number) => Array.from(labels).filter((each) => each === label).length;

describe("splitOff", () => {
  const labels = Array.from({ length: 300 }, (_, i) => (i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2)); // 180, 90, 30
  const split = numbered(labels);

  it("holds out each class's share, exactly as many in total, and loses nothing", () => {
    const { kept, held } = splitOff(split, 100, new Random(0));
    expect([0, 1, 2].map((label) => count(held.labels, label))).toEqual([60, 30, 10]);
    expect(held.count).toBe(100);
    expect([...numbers(kept), ...numbers(held)].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
    for (const part of [kept, held]) {
      const ids = numbers(part);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(Array.from(part.labels)).toEqual(ids.map((id) => labels[id]));
    }
  });

  it("is the same for the same seed, and another for another", () => {
    const held = (seed: number) => numbers(splitOff(split, 40, new Random(seed)).held);
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
  });

  it.each([1, 2, 7, 50, 299 - 2])("rounds the shares to a total of %i", (n) => {
    const { kept, held } = splitOff(split, n, new Random(4));
    expect(held.count).toBe(n);
    for (const label of [0, 1, 2]) {
      expect(count(kept.labels, label)).toBeGreaterThanOrEqual(1);
      expect(Math.abs(count(held.labels, label) - (n * count(labels, label)) / 300)).toBeLessThanOrEqual(1);
    }
  });

  it("holds out nothing when asked for 0", () => {
    const { kept, held } = splitOff(split, 0, new Random(0));
    expect([kept.count, held.count, held.images.length]).toEqual([300, 0, 0]);
  });

  it.each([298, -1, 1.5, Number.NaN])("refuses to hold out %d of 300 images of 3 classes", (n) =>
    expectError(() => splitOff(split, n, new Random(0)), "E_OPTION", "297").then(() => {}),
  );

  it("copes with classes that have no image or one", () => {
    const { kept, held } = splitIndices(Int32Array.of(5, 2, 5, 5, 5), 2, new Random(0));
    expect(kept).toContain(1);
    expect(held).toHaveLength(2);
  });
});

describe("sampleIndices", () => {
  const labels = Int32Array.from({ length: 60 }, (_, i) => i % 3);

  it("takes a stratified, sorted sample", () => {
    const indices = sampleIndices(labels, 12, new Random(0));
    expect(
      [0, 1, 2].map((label) =>
        count(
          Array.from(indices, (i) => labels[i]!),
          label,
        ),
      ),
    ).toEqual([4, 4, 4]);
    expect(Array.from(indices)).toEqual(Array.from(new Set(indices)).sort((a, b) => a - b));
  });

  it("takes all where there are no more, and fewer than there are classes where asked", () => {
    expect(Array.from(sampleIndices(labels, 60, new Random(0)))).toEqual(Array.from(labels.keys()));
    expect(sampleIndices(labels, 1000, new Random(0))).toHaveLength(60);
    expect(sampleIndices(labels, 2, new Random(0))).toHaveLength(2);
  });

  it("refuses a limit that is no positive integer", async () => {
    for (const n of [0, -3, 1.2]) await expectError(() => sampleIndices(labels, n, new Random(0)), "E_OPTION", `${n}`);
  });
});

describe("statistics", () => {
  it("are the mean and standard deviation per channel, of pixels in 0..1", () => {
    const images = noise(5 * 2 * 3 * 4, 8);
    const { mean, std } = statistics({ count: 5, images, labels: new Int32Array(5) }, 2);
    for (const c of [0, 1]) {
      const values = Array.from(images, (v) => v / 255).filter((_, i) => Math.floor(i / 12) % 2 === c);
      const average = values.reduce((a, b) => a + b) / values.length;
      const spread = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length);
      expect(mean[c]).toBeCloseTo(average, 12);
      expect(std[c]).toBeCloseTo(spread, 12);
    }
  });

  it("give a constant channel the spread 1", () => {
    const flat = statistics({ count: 2, images: new Uint8Array(8).fill(51), labels: new Int32Array(2) }, 1);
    expect(flat.mean[0]).toBeCloseTo(0.2, 15);
    expect(flat.std).toEqual([1]);
  });
});
