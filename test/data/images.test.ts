import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { datasetFromImages, type ImageClass, type ImagesOptions } from "../../training/data/images.ts";
import { expectError } from "./helpers.ts";

/** As the browser's ImageData: clamped RGBA bytes. Each picture's red says which it is. */
function image(red: number, green: number, blue = green, width = 40, height = 30) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([red, green, blue, 255], i);
  return { width, height, data };
}

const classes: ImageClass[] = [
  { name: "rock", images: Array.from({ length: 14 }, (_, i) => image(i, 50)) },
  { name: "paper", images: Array.from({ length: 21 }, (_, i) => image(100 + i, 150, 150, 20 + i, 33)) },
];

describe("datasetFromImages", () => {
  it("holds out test and validation pictures, stratified, and keeps labels with pictures", () => {
    const dataset = datasetFromImages(classes, { name: "hands", size: { width: 10, height: 8 } });
    expect([dataset.name, ...dataset.classNames]).toEqual(["hands", "rock", "paper"]);
    expect([dataset.train.count, dataset.validation.count, dataset.test.count]).toEqual([26, 4, 5]);
    expect([dataset.channels, dataset.height, dataset.width]).toEqual([3, 8, 10]);
    expect([...dataset.test.labels].filter((label) => label === 0)).toHaveLength(2);
    const reds: number[] = [];
    for (const split of [dataset.train, dataset.validation, dataset.test]) {
      split.labels.forEach((label, i) => {
        const red = split.images[i * 240]!;
        expect(red >= 100 ? 1 : 0).toBe(label);
        expect(split.images[i * 240 + 80]).toBe(label ? 150 : 50);
        reds.push(red);
      });
    }
    expect(new Set(reds).size).toBe(35); // each picture in exactly one split
  });

  it("repeats by seed, and takes the numbers it is given", () => {
    expect(datasetFromImages(classes, { seed: 3 })).toEqual(datasetFromImages(classes, { seed: 3 }));
    expect(datasetFromImages(classes, { seed: 3 }).test.images).not.toEqual(datasetFromImages(classes, { seed: 4 }).test.images);
    const { train, validation, test } = datasetFromImages(classes, { test: 10, validation: 0 });
    expect([train.count, validation.count, test.count]).toEqual([25, 0, 10]);
  });

  it("becomes grey if every picture is", () => {
    const grey = [7, 9].map((value, i) => ({ name: `${i}`, images: [image(value, value), image(value, value), image(value, value)] }));
    const dataset = datasetFromImages(grey, { size: { width: 2, height: 2 } });
    expect(dataset.channels).toBe(1);
    expect([...dataset.train.images]).toEqual([...dataset.train.labels].flatMap((label) => new Array(4).fill(7 + 2 * label)));
    expect(datasetFromImages(grey, { channels: 3 }).channels).toBe(3);
  });

  it.each<[string, ImageClass[], ErrorCode, string, ImagesOptions?]>([
    ["no class", [], "E_FORMAT", "no class"],
    ["one class", classes.slice(1), "E_FORMAT", "one class only"],
    ["an empty class", [...classes, { name: "scissors", images: [] }], "E_INPUT", '"scissors"'],
    ["a picture of too few bytes", [...classes, { name: "x", images: [{ ...image(1, 2), width: 41 }] }], "E_INPUT", "41x30"],
    ["too many test pictures", classes, "E_OPTION", "0 to 33", { test: 34 }],
    ["an impossible size", classes, "E_OPTION", "1.5x8", { size: { width: 1.5, height: 8 } }],
  ])("refuses %s", async (_, given, code, words, options) => {
    await expectError(() => datasetFromImages(given, options), code, words);
  });
});
