import { describe, expect, it } from "vitest";
import { duration, points, significant, slope } from "../../cli/tour/page/format.ts";
import { headline, speedSentence } from "../../cli/tour/page/headline.ts";
import { sampleRecord } from "./sample.ts";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");
const { report } = sampleRecord(1);

describe("the headline", () => {
  const cases: [saved: number, low: number, value: number, high: number, sentence: string][] = [
    [0.524, -0.008, -0.003, 0.002, "does 52.4 % fewer multiply-adds, with no clear change in accuracy: −0.3 points (95 %: −0.8 … +0.2)"],
    [0.5, -0.013, -0.008, -0.003, "does 50.0 % fewer multiply-adds and loses 0.8 points of accuracy (95 %: −1.3 … −0.3)"],
    [0.5, 0.001, 0.006, 0.011, "does 50.0 % fewer multiply-adds and gains 0.6 points of accuracy (95 %: +0.1 … +1.1)"],
    // An interval that ends at zero contains it.
    [0.5, -0.006, -0.003, 0, "does 50.0 % fewer multiply-adds, with no clear change in accuracy: −0.3 points (95 %: −0.6 … 0.0)"],
    // Rounded to one decimal this one would seem to end at zero.
    [0.5, -0.0104, -0.0052, -0.0001, "does 50.0 % fewer multiply-adds and loses 0.52 points of accuracy (95 %: −1.04 … −0.01)"],
    [0, -0.013, -0.008, -0.003, "does as many multiply-adds as the dense one and loses 0.8 points of accuracy (95 %: −1.3 … −0.3)"],
    [-0.1, -0.006, -0.003, 0.001, "does 10.0 % more multiply-adds, with no clear change in accuracy: −0.3 points (95 %: −0.6 … +0.1)"],
  ];
  it.each(cases)("saved %d, accuracy from %d by %d to %d", (macs, low, value, high, sentence) => {
    const text = headline({ ...report, saved: { ...report.saved, macs }, difference: { value, low, high } });
    expect(plain(text)).toBe(`The packed network ${sentence}`);
  });

  it("says of the speed what its interval allows, or why there is none", () => {
    const timing = { dense: { msPerImage: 0.4 }, packed: { msPerImage: 0.2 } };
    const takes = "Wasm: the packed network takes 0.200 ms per image where the dense one takes 0.400 ms:";
    const sentenceOf = (value: number, low: number, high: number) =>
      plain(speedSentence("Wasm", { ...timing, ratio: { value, low, high } }));
    expect(sentenceOf(2, 1.9, 2.1)).toBe(`${takes} 2.00 times as fast (95 %: 1.90 … 2.10).`);
    expect(sentenceOf(1.01, 0.97, 1.05)).toBe(`${takes} no clear difference, 1.01 times as fast (95 %: 0.97 … 1.05).`);
    expect(sentenceOf(0.8, 0.7, 0.9)).toBe(`${takes} 0.80 times as fast (95 %: 0.70 … 0.90).`);
    expect(speedSentence("WebGPU", { unavailable: "no adapter" })).toBe("WebGPU: unavailable, no adapter.");
  });
});

describe("numbers", () => {
  it.each([
    [significant(1234.5), "1,230"],
    [significant(99.96), "100"],
    [significant(0.02134), "0.0213"],
    [significant(0), "0"],
    [significant(Number.NaN), "NaN"],
    [slope(-0.43216), "−0.4322"],
    [slope(0), "0"],
    [slope(0.000123), "0.00012"],
    [plain(duration(191.6)), "3 min 12 s"],
    [plain(duration(59.4)), "59 s"],
    [plain(points({ value: 0, low: -0.001, high: 0.001 }).range), "−0.1 … +0.1"],
  ])("%s", (text, expected) => expect(text).toBe(expected));
});
