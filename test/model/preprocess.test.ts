import { describe, expect, it } from "vitest";
import type { Pixels } from "../../src/model/pixels.ts";
import { type Preprocess, pixelsToInput } from "../../src/model/preprocess.ts";
import { numbers } from "../../tools/make-golden.ts";

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const plain = { mean: [0, 0, 0], std: [1, 1, 1] };

function picture(width: number, height: number, seed = 1, opaque = true): Pixels {
  const next = numbers(seed);
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 && opaque ? 255 : Math.floor(128 * (next() + 1))));
  return { width, height, data };
}

/** Colour of one source pixel over white, 0..255. */
const over = ({ data, width }: Pixels, x: number, y: number, c: number): number => {
  const at = 4 * (y * width + x);
  const alpha = (data[at + 3] as number) / 255;
  return (data[at + c] as number) * alpha + 255 * (1 - alpha);
};

/** How much source pixel `s` counts for target pixel `i` when `from` pixels become `to`: the overlap of their areas, or a linear blend of centres. */
function weight(s: number, i: number, from: number, to: number): number {
  const scale = from / to;
  if (scale > 1) return Math.max(0, Math.min(s + 1, (i + 1) * scale) - Math.max(s, i * scale)) / scale;
  const centre = Math.min(from - 1, Math.max(0, (i + 0.5) * scale - 0.5));
  return Math.max(0, 1 - Math.abs(s - centre));
}

/** Every target pixel as a sum over all source pixels, in float64. */
function oracle(source: Pixels, crop: { left: number; top: number; width: number; height: number }, p: Preprocess): number[] {
  const out: number[] = [];
  for (let c = 0; c < p.channels; c++) {
    for (let i = 0; i < p.height; i++) {
      for (let j = 0; j < p.width; j++) {
        let sum = 0;
        for (let y = 0; y < crop.height; y++) {
          for (let x = 0; x < crop.width; x++) {
            const w = weight(y, i, crop.height, p.height) * weight(x, j, crop.width, p.width);
            const rgb = [0, 1, 2].map((k) => over(source, crop.left + x, crop.top + y, k)) as [number, number, number];
            const value =
              p.order === "gray" ? 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] : (rgb[p.order === "BGR" ? 2 - c : c] as number);
            sum += w * value;
          }
        }
        out.push((sum / 255 - (p.mean[c] as number)) / (p.std[c] as number));
      }
    }
  }
  return out;
}

const whole = (p: Pixels) => ({ left: 0, top: 0, width: p.width, height: p.height });

describe("pixels to a network's input", () => {
  const cases: [string, Pixels, ReturnType<typeof whole>, Preprocess][] = [
    ["the same size", picture(5, 4), whole(picture(5, 4)), { width: 5, height: 4, channels: 3, order: "RGB", ...imagenet }],
    ["half the size", picture(14, 10), whole(picture(14, 10)), { width: 7, height: 5, channels: 3, order: "RGB", ...imagenet }],
    ["a fraction of the size", picture(17, 17), whole(picture(17, 17)), { width: 7, height: 7, channels: 3, order: "RGB", ...plain }],
    ["a larger size", picture(4, 3), whole(picture(4, 3)), { width: 12, height: 9, channels: 3, order: "RGB", ...plain }],
    ["blue first", picture(6, 6), whole(picture(6, 6)), { width: 3, height: 3, channels: 3, order: "BGR", ...imagenet }],
    [
      "brightness",
      picture(9, 9),
      whole(picture(9, 9)),
      { width: 4, height: 4, channels: 1, order: "gray", mean: [0.2860405], std: [0.3530242] },
    ],
    ["transparent pixels", picture(8, 8, 5, false), whole(picture(8, 8)), { width: 4, height: 4, channels: 3, order: "RGB", ...plain }],
    [
      "a wide picture, its middle",
      picture(20, 10),
      { left: 5, top: 0, width: 10, height: 10 },
      { width: 5, height: 5, channels: 3, order: "RGB", ...plain },
    ],
    [
      "a tall picture, its middle",
      picture(6, 13),
      { left: 0, top: 3, width: 6, height: 6 },
      { width: 6, height: 6, channels: 3, order: "RGB", ...plain },
    ],
    ["one pixel", picture(1, 1), whole(picture(1, 1)), { width: 3, height: 3, channels: 3, order: "RGB", ...plain }],
  ];
  it.each(cases)("%s", (_, source, crop, preprocess) => {
    const input = pixelsToInput([source], preprocess);
    const expected = oracle(source, crop, preprocess);
    expect(input.length).toBe(expected.length);
    const plane = preprocess.width * preprocess.height;
    const same = source.width === preprocess.width && source.height === preprocess.height && preprocess.order !== "gray";
    expected.forEach((value, i) => {
      // pixels are rounded to bytes, as training reads them; the rest is float32
      const step = same ? 0 : 0.5 / 255 / (preprocess.std[Math.floor(i / plane)] as number);
      expect(Math.abs((input[i] as number) - value)).toBeLessThanOrEqual(step + 1e-5);
    });
  });

  it("makes a batch of pictures of different sizes", () => {
    const preprocess: Preprocess = { width: 4, height: 4, channels: 3, order: "RGB", ...imagenet };
    const pictures = [picture(9, 7, 1), picture(4, 4, 2), picture(2, 3, 3)];
    const batch = pixelsToInput(pictures, preprocess);
    pictures.forEach((one, n) => void expect(batch.subarray(48 * n, 48 * (n + 1))).toEqual(pixelsToInput([one], preprocess)));
  });
});
