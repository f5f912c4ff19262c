import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fashionSlice } from "../../training/data/fashion.ts";
import { FASHION_CLASSES } from "../../training/data/known.ts";

const folder = fileURLToPath(new URL("../../data/fashion-mnist/", import.meta.url));
const perClass = (labels: Int32Array) => Array.from({ length: 10 }, (_, label) => labels.filter((each) => each === label).length);

describe("the Fashion-MNIST slice", () => {
  it("has 6,000 + 1,000 + 10,000 pictures, the classes in equal shares", async () => {
    const slice = await fashionSlice();
    expect([slice.name, slice.channels, slice.height, slice.width]).toEqual(["fashion-mnist", 1, 28, 28]);
    expect(slice.classNames).toEqual([...FASHION_CLASSES]);
    expect(perClass(slice.train.labels)).toEqual(new Array(10).fill(600));
    expect(perClass(slice.validation.labels)).toEqual(new Array(10).fill(100));
    expect(perClass(slice.test.labels)).toEqual(new Array(10).fill(1000));
    // The official training set has mean 0.2860 and spread 0.3530.
    expect(slice.mean[0]).toBeCloseTo(0.286, 2);
    expect(slice.std[0]).toBeCloseTo(0.353, 2);
  });

  it("is split the same way every time", async () => {
    const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
    const [first, second] = [await fashionSlice(), await fashionSlice()];
    expect(hash(second.train.images)).toBe(hash(first.train.images));
    expect(hash(second.validation.images)).toBe(hash(first.validation.images));
    const pictures = (images: Uint8Array) =>
      Array.from({ length: images.length / 784 }, (_, i) => hash(images.subarray(i * 784, (i + 1) * 784)));
    const train = new Set(pictures(first.train.images));
    expect(pictures(first.validation.images).filter((picture) => train.has(picture))).toEqual([]);
  });

  it("has the checksums that its README gives, and carries its notice", () => {
    const sums = [...readFileSync(`${folder}README.md`, "utf8").matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)];
    expect(sums.map(([, , name]) => name).sort()).toEqual([
      "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
      "train-images-idx3-ubyte",
      "train-labels-idx1-ubyte",
    ]);
    for (const [, sum, name] of sums) {
      const bytes = gunzipSync(readFileSync(`${folder}${name}.gz`));
      expect(createHash("sha256").update(bytes).digest("hex"), name).toBe(sum);
    }
    expect(readFileSync(`${folder}LICENSE`, "utf8")).toMatch(/MIT License[\s\S]*2017 Zalando SE/);
  });
});
