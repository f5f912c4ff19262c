import { describe, expect, it } from "vitest";
import { differenceFrom } from "../../bench/peers/compare.ts";

describe("the difference of two engines' outputs", () => {
  it("is the largest one, over the largest output", () => {
    expect(differenceFrom([1, -4, 2], [1, -4, 2.5])).toBe(0.125);
  });

  it("is no number where outputs are missing or are none", () => {
    expect(differenceFrom([1, 2], [1])).toBeNaN();
    expect(differenceFrom([1, 2, 1], [1, Number.NaN, 1])).toBeNaN();
    expect(differenceFrom([Number.NaN, 1], [1, 1])).toBeNaN();
  });

  it("is told of outputs as large as a picture", () => {
    const image = new Float32Array(1 << 20).fill(1);
    expect(differenceFrom(image, image)).toBe(0);
  });
});
