import { describe, expect, it } from "vitest";
import { type BatchOptions, batchCount, batches } from "../../training/data/batches.ts";
import type { Split } from "../../training/data/dataset.ts";
import { Random } from "../../training/random.ts";
import { expectError, noise } from "./helpers.ts";

const shape = { channels: 2, height: 3, width: 4, mean: [0.5, 0.25], std: [0.5, 2] };
const pixels = 24;
const split: Split = { count: 10, images: noise(10 * pixels, 3), labels: Int32Array.from({ length: 10 }, (_, i) => i) };

/** All batches, copied, because each is valid only until the next. */
function collect(options: BatchOptions, from = split, dataset = shape) {
  return Array.from(batches(from, dataset, options), ({ images, labels, count }) => ({
    images: Array.from(images),
    labels: Array.from(labels),
    count,
  }));
}

const normalised = (image: number, c: number, y: number, x: number) =>
  Math.fround((split.images[image * pixels + (c * 3 + y) * 4 + x]! / 255 - shape.mean[c]!) / shape.std[c]!);

describe("batches", () => {
  it("normalise by mean and spread, in the split's order", () => {
    const all = collect({ size: 4 });
    expect(all.map((batch) => batch.count)).toEqual([4, 4, 2]);
    expect(all.flatMap((batch) => batch.labels)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const expected = Array.from({ length: 10 * pixels }, (_, i) => {
      const within = i % pixels;
      return normalised(Math.floor(i / pixels), Math.floor(within / 12), Math.floor((within % 12) / 4), within % 4);
    });
    expect(all.flatMap((batch) => batch.images)).toEqual(expected);
  });

  it("leave out a smaller last batch when told to", () => {
    expect(collect({ size: 4, dropLast: true }).map((batch) => batch.count)).toEqual([4, 4]);
    expect(collect({ size: 5, dropLast: true }).map((batch) => batch.count)).toEqual([5, 5]);
    expect(collect({ size: 64, dropLast: true })).toEqual([]);
    expect([batchCount(10, 4), batchCount(10, 4, true), batchCount(0, 4)]).toEqual([3, 2, 0]);
  });

  it("take any batch size, and an empty split", () => {
    expect(collect({ size: 1 })).toHaveLength(10);
    expect(collect({ size: 1000 }).map((batch) => batch.count)).toEqual([10]);
    expect(collect({ size: 8 }, { count: 0, images: new Uint8Array(), labels: new Int32Array() })).toEqual([]);
  });

  it("shuffle by seed: each picture once, with its own label, in another order each epoch", () => {
    const random = new Random(1);
    const order = () => collect({ size: 3, shuffle: random }).flatMap((batch) => batch.labels);
    const first = order();
    const second = order();
    expect([...first].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(first).not.toEqual(second);
    expect(collect({ size: 3, shuffle: new Random(1) }).flatMap((batch) => batch.labels)).toEqual(first);
    for (const { images, labels } of collect({ size: 3, shuffle: new Random(1) })) {
      labels.forEach((label, i) => {
        expect(images[i * pixels]).toBe(normalised(label, 0, 0, 0));
      });
    }
  });

  it("crop and mirror: each result is the picture moved by at most the padding, black beyond its border", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const [batch] = collect({ size: 10, augment: { flip: true, crop: 1, random: new Random(seed) } });
      for (let i = 0; i < 10; i++) {
        const got = batch!.images.slice(i * pixels, (i + 1) * pixels).join();
        const matches = moves().filter(({ dy, dx, flip }) => moved(i, dy, dx, flip).join() === got);
        expect(matches, `picture ${i}, seed ${seed}`).toHaveLength(1);
        seen.add(JSON.stringify(matches[0]));
      }
    }
    expect(seen.size).toBe(18); // 3 × 3 places, mirrored or not: all of them occur
  });

  it("mirror only, or crop only", () => {
    const flips = collect({ size: 10, augment: { flip: true, random: new Random(2) } })[0]!;
    const rows = Array.from({ length: 10 }, (_, i) => flips.images.slice(i * pixels, i * pixels + 4));
    const mirrored = rows.map((row, i) => row.join() === [3, 2, 1, 0].map((x) => normalised(i, 0, 0, x)).join());
    expect(new Set(mirrored)).toEqual(new Set([true, false]));
    expect(collect({ size: 10, augment: { random: new Random(2) } })).toEqual(collect({ size: 10 }));
  });

  it("augment by seed, and skip to exactly the batches of a whole pass", () => {
    const options = () => ({ size: 3, shuffle: new Random(5), augment: { flip: true, crop: 1, random: new Random(6) } });
    const whole = collect(options());
    expect(collect(options())).toEqual(whole);
    for (const skip of [0, 1, 3, 4, 9]) expect(collect({ ...options(), skip })).toEqual(whole.slice(skip));
  });

  it("reuse their memory between batches", () => {
    const buffers = new Set<ArrayBufferLike>();
    for (const { images, labels } of batches(split, shape, { size: 2 })) buffers.add(images.buffer).add(labels.buffer);
    expect(buffers.size).toBe(2);
  });

  it.each<[Partial<BatchOptions>, string]>([
    [{ size: 0 }, "batch size 0"],
    [{ size: 1.5 }, "batch size 1.5"],
    [{ size: 2, skip: -1 }, "skip -1"],
    [{ size: 2, augment: { crop: -1, random: new Random() } }, "crop padding -1"],
  ])("refuse %j", (options, words) => expectError(() => collect(options as BatchOptions), "E_OPTION", words).then(() => {}));

  function moves() {
    const places = [-1, 0, 1];
    return places.flatMap((dy) => places.flatMap((dx) => [false, true].map((flip) => ({ dy, dx, flip }))));
  }

  function moved(image: number, dy: number, dx: number, flip: boolean): number[] {
    const out: number[] = [];
    for (let c = 0; c < 2; c++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 4; x++) {
          const sy = y + dy;
          const sx = (flip ? 3 - x : x) + dx;
          const inside = sy >= 0 && sy < 3 && sx >= 0 && sx < 4;
          out.push(inside ? normalised(image, c, sy, sx) : Math.fround((0 - shape.mean[c]!) / shape.std[c]!));
        }
      }
    }
    return out;
  }
});
