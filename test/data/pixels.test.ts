import { describe, expect, it } from "vitest";
import { fitPixels, type Pixels } from "../../src/model/pixels.ts";
import { expectError, noise } from "./helpers.ts";

/** An opaque picture from a function of its pixels. */
function picture(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Pixels {
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([...colour(x, y), 255].slice(0, 4), (y * width + x) * 4);
  return { width, height, data };
}

const grey = (values: number[][]) => picture(values[0]!.length, values.length, (x, y) => new Array(3).fill(values[y]![x]!));
const rows = (bytes: Uint8Array, width: number) =>
  Array.from({ length: bytes.length / width }, (_, y) => [...bytes.subarray(y * width, (y + 1) * width)]);

describe("fitPixels", () => {
  it("copies a picture of the right size into planes", () => {
    const bytes = noise(5 * 4 * 3, 1);
    const source = picture(5, 4, (x, y) => [...bytes.subarray((y * 5 + x) * 3, (y * 5 + x) * 3 + 3)]);
    const planes = fitPixels(source, { channels: 3, height: 4, width: 5 });
    expect([...planes]).toEqual([0, 1, 2].flatMap((c) => Array.from({ length: 20 }, (_, i) => bytes[i * 3 + c])));
  });

  it("shrinks by the mean over each pixel's area, also where the sizes do not divide", () => {
    const from = 14;
    const to = 4;
    const source = picture(from, from, (x, y) => [(x * 17 + y * 29) % 256, (x * x) % 256, (y * y * 3) % 256]);
    const planes = fitPixels(source, { channels: 3, height: to, width: to });
    // The same by other means: repeat each source pixel until the sizes divide, then average blocks.
    const block = from;
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < to; y++) {
        for (let x = 0; x < to; x++) {
          let sum = 0;
          for (let v = 0; v < block; v++)
            for (let u = 0; u < block; u++)
              sum += source.data[(Math.floor((y * block + v) / to) * from + Math.floor((x * block + u) / to)) * 4 + c]!;
          expect(Math.abs(planes[(c * to + y) * to + x]! - sum / block ** 2)).toBeLessThanOrEqual(0.5001);
        }
      }
    }
  });

  it("enlarges bilinearly between pixel centres", () => {
    const planes = fitPixels(
      grey([
        [0, 255],
        [0, 255],
      ]),
      { channels: 1, height: 4, width: 4 },
    );
    expect(rows(planes, 4)).toEqual(new Array(4).fill([0, 64, 191, 255]));
    expect([...fitPixels(grey([[77]]), { channels: 1, height: 3, width: 3 })]).toEqual(new Array(9).fill(77));
  });

  it.each([
    [
      "wide",
      [
        [9, 1, 2, 9],
        [9, 3, 4, 9],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      "tall",
      [
        [9, 9],
        [1, 2],
        [3, 4],
        [9, 9],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      "odd",
      [
        [1, 2, 9],
        [3, 4, 9],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("keeps the centre of a %s picture", (_, values, expected) => {
    expect(rows(fitPixels(grey(values), { channels: 1, height: 2, width: 2 }), 2)).toEqual(expected);
  });

  it("fits pictures of extreme aspect into sizes of another", () => {
    const planes = fitPixels(
      picture(200, 1, () => [10, 20, 30]),
      { channels: 3, height: 7, width: 3 },
    );
    expect([...planes]).toEqual([10, 20, 30].flatMap((value) => new Array(21).fill(value)));
  });

  it("turns colour into BT.601 brightness, and leaves grey as it is", () => {
    const one = { channels: 1, height: 1, width: 1 };
    const brightness = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 255],
    ].map(
      (colour) =>
        fitPixels(
          picture(1, 1, () => colour),
          one,
        )[0],
    );
    expect(brightness).toEqual([76, 150, 29, 255]);
    for (let value = 0; value < 256; value++) expect(fitPixels(grey([[value]]), one)[0]).toBe(value);
  });

  it("lays transparent pixels over white", () => {
    const data = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 51);
    expect([...fitPixels({ width: 3, height: 1, data }, { channels: 3, height: 1, width: 3 })]).toEqual([
      255, 0, 255, 255, 0, 204, 255, 0, 204,
    ]);
  });

  it("refuses bytes that are not such a picture, and other channel counts", async () => {
    const size = { channels: 3, height: 2, width: 2 };
    await expectError(() => fitPixels({ width: 2, height: 2, data: new Uint8Array(12) }, size), "E_INPUT", "2x2", "12 bytes");
    await expectError(() => fitPixels({ width: 0, height: 2, data: new Uint8Array(0) }, size), "E_INPUT", "0x2");
    await expectError(() => fitPixels(grey([[1]]), { ...size, channels: 4 }), "E_CHANNELS", "4 channels");
  });
});
