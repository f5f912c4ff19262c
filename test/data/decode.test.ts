import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { decodePicture } from "../../training/data/decode.ts";
import { expectError } from "./helpers.ts";
import { type Colour, jpg, type PngParts, png, pngOf, samples } from "./pictures.ts";

const pixelsOf = async (bytes: Uint8Array) => {
  const { width, height, data } = await decodePicture({ name: "picture", bytes });
  expect(data).toHaveLength(width * height * 4);
  return { width, height, pixels: Array.from({ length: width * height }, (_, i) => [...data.subarray(4 * i, 4 * i + 4)]) };
};

describe("PNG", () => {
  const opaque: Colour = (x, y) => [(40 * x) % 256, (50 * y) % 256, (x * y) % 256, 255];
  const of = (colour: Colour, width = 6, height = 5) =>
    Array.from({ length: width * height }, (_, i) => colour(i % width, Math.floor(i / width)));

  it.each<[string, Uint8Array, Colour]>([
    ["colour", png(6, 5, (x, y) => opaque(x, y).slice(0, 3)), opaque],
    ["colour and alpha", png(6, 5, (x, y) => [...opaque(x, y).slice(0, 3), 10 * x]), (x, y) => [...opaque(x, y).slice(0, 3), 10 * x]],
    ["grey", png(6, 5, (x, y) => [9 * x + y]), (x, y) => [9 * x + y, 9 * x + y, 9 * x + y, 255]],
    ["grey and alpha", png(6, 5, (x, y) => [9 * x, y]), (x, y) => [9 * x, 9 * x, 9 * x, y]],
    ["16-bit colour", png(6, 5, (x, y) => [257 * x, 257 * 40 * y, 65535], { depth: 16 }), (x, y) => [x, 40 * y, 255, 255]],
    ["interlaced colour", png(6, 5, (x, y) => opaque(x, y).slice(0, 3), { interlaced: true }), opaque],
  ])("reads %s", async (_, bytes, expected) => {
    expect(await pixelsOf(bytes)).toEqual({ width: 6, height: 5, pixels: of(expected) });
  });

  const grey = (...values: number[]) => values.map((value) => [value, value, value, 255]);
  const red = [200, 0, 0, 255];
  const blue = [0, 0, 100, 255];
  const palette: [string, number[]] = ["PLTE", [200, 0, 0, 0, 0, 100]];
  it.each<[string, PngParts, number[][]]>([
    [
      "1-bit grey, rows that do not fill a byte",
      { width: 3, height: 2, depth: 1, colourType: 0, rows: [0, 0b101_00000, 0, 0b010_00000] },
      grey(255, 0, 255, 0, 255, 0),
    ],
    ["2-bit grey", { width: 5, height: 1, depth: 2, colourType: 0, rows: [0, 0b00_01_10_11, 0b11_000000] }, grey(0, 85, 170, 255, 255)],
    ["4-bit grey", { width: 3, height: 1, depth: 4, colourType: 0, rows: [0, 0x0f, 0x80] }, grey(0, 255, 136)],
    ["8-bit palette", { width: 2, height: 1, depth: 8, colourType: 3, rows: [0, 1, 0], before: [palette] }, [blue, red]],
    [
      "1-bit palette",
      { width: 3, height: 2, depth: 1, colourType: 3, rows: [0, 0b011_00000, 0, 0b100_00000], before: [palette] },
      [red, blue, blue, blue, red, red],
    ],
    [
      "palette with transparency",
      { width: 2, height: 1, depth: 8, colourType: 3, rows: [0, 1, 0], before: [palette, ["tRNS", [7]]] },
      [blue, [200, 0, 0, 7]],
    ],
    [
      "grey with a transparent value",
      { width: 2, height: 1, depth: 8, colourType: 0, rows: [0, 5, 6], before: [["tRNS", [0, 6]]] },
      [...grey(5), [6, 6, 6, 0]],
    ],
    [
      "colour with a transparent colour, which shares samples with others",
      { width: 3, height: 1, depth: 8, colourType: 2, rows: [0, 1, 2, 3, 1, 2, 4, 9, 2, 3], before: [["tRNS", [0, 1, 0, 2, 0, 3]]] },
      [
        [1, 2, 3, 0],
        [1, 2, 4, 255],
        [9, 2, 3, 255],
      ],
    ],
    [
      "an unneeded profile chunk that is damaged",
      { width: 1, height: 1, depth: 8, colourType: 0, rows: [0, 3], before: [["iCCP", [1, 2, 3]]] },
      grey(3),
    ],
  ])("reads %s", async (_, parts, expected) => {
    expect((await pixelsOf(pngOf(parts))).pixels).toEqual(expected);
  });

  const good = png(40, 40, (x, y) => [x, y, 0]);
  const changed = (at: number, by = 1) => Uint8Array.from(good, (byte, i) => (i === at ? byte ^ by : byte));
  const onePixel: PngParts = { width: 1, height: 1, depth: 8, colourType: 0, rows: [0, 1] };
  it.each<[string, Uint8Array, ErrorCode, ...string[]]>([
    ["cut in its pixels", good.subarray(0, good.length - 30), "E_TRUNCATED"],
    ["cut in its header", good.subarray(0, 20), "E_TRUNCATED"],
    ["only a signature", good.subarray(0, 8), "E_TRUNCATED"],
    ["of a damaged header", changed(30), "E_FORMAT", "CRC"],
    ["of damaged pixels", changed(good.length - 20), "E_FORMAT"],
    ["claiming 40 gigapixels", pngOf({ ...onePixel, width: 200_000, height: 200_000 }), "E_TOO_LARGE", "200000x200000"],
    ["claiming 90 megapixels", pngOf({ ...onePixel, width: 9_000, height: 10_000 }), "E_TRUNCATED"],
    ["of no size", pngOf({ ...onePixel, width: 0 }), "E_FORMAT", "0x1"],
    ["a bomb", pngOf({ ...onePixel, rows: new Array(200_000).fill(0) }), "E_TOO_LARGE"],
    ["of fewer rows than claimed", pngOf({ ...onePixel, height: 2 }), "E_TRUNCATED"],
    ["of an unknown colour type", pngOf({ ...onePixel, colourType: 5 }), "E_FORMAT", "colour type 5"],
    ["of an impossible depth", pngOf({ ...onePixel, depth: 3 }), "E_FORMAT", "depth"],
    ["without its palette", pngOf({ ...onePixel, colourType: 3 }), "E_FORMAT", "palette"],
    ["beyond its palette", pngOf({ ...onePixel, colourType: 3, rows: [0, 2], before: [palette] }), "E_FORMAT", "palette"],
    ["interlaced with under 8 bits", pngOf({ ...onePixel, depth: 1, interlace: 1 }), "E_FORMAT", "interlac"],
  ])("names a file that is %s", async (_, bytes, code, ...words) => {
    await expectError(() => decodePicture({ name: "cats/7.png", bytes }), code, "cats/7.png", ...words);
  });
});

describe("JPEG", () => {
  // Flat blocks of 8 × 8 survive the compression nearly unharmed.
  const blocks: Colour = (x, y) =>
    [
      [200, 30, 30],
      [30, 180, 40],
      [20, 40, 190],
      [230, 220, 40],
      [90, 90, 90],
      [255, 255, 255],
    ][Math.floor(x / 16) + 3 * Math.floor(y / 16)]!;
  const near = async (bytes: Uint8Array, width: number, height: number, colour: Colour) => {
    const picture = await decodePicture({ name: "picture", bytes });
    expect([picture.width, picture.height]).toEqual([width, height]);
    const expected = samples(width, height, (x, y) => [...colour(x, y), 255]);
    const worst = Math.max(...expected.map((value, i) => Math.abs(value - picture.data[i]!)));
    expect(worst).toBeLessThanOrEqual(8);
  };

  it("reads colour", () => near(jpg(48, 32, blocks), 48, 32, blocks));

  it("reads grey as equal red, green and blue", async () => {
    const { data } = await decodePicture({ name: "picture", bytes: jpg(20, 20, (x, y) => new Array(3).fill(5 * x + y)) });
    for (let i = 0; i < data.length; i += 4) expect([data[i + 1], data[i + 2]]).toEqual([data[i], data[i]]);
  });

  const width = 48;
  const height = 32;
  it.each<[number, Colour]>([
    [1, blocks],
    [2, (x, y) => blocks(width - 1 - x, y)],
    [3, (x, y) => blocks(width - 1 - x, height - 1 - y)],
    [4, (x, y) => blocks(x, height - 1 - y)],
    [5, (x, y) => blocks(y, x)],
    [6, (x, y) => blocks(y, height - 1 - x)], // stored lying on its left side: turn it clockwise
    [7, (x, y) => blocks(width - 1 - y, height - 1 - x)],
    [8, (x, y) => blocks(width - 1 - y, x)],
    [9, blocks],
  ])("turns a picture of EXIF orientation %i upright", async (orientation, expected) => {
    const lying = orientation >= 5 && orientation <= 8;
    await near(jpg(width, height, blocks, orientation), lying ? height : width, lying ? width : height, expected);
  });

  const good = jpg(48, 32, blocks);
  const frame = good.findIndex((byte, i) => byte === 0xff && good[i + 1] === 0xc0);
  const claiming = (h: number, w: number) => Uint8Array.from(good, (byte, i) => [h >> 8, h & 255, w >> 8, w & 255][i - frame - 5] ?? byte);
  it.each<[string, Uint8Array, ErrorCode, ...string[]]>([
    ["cut in its pixels", good.subarray(0, good.length - 40), "E_TRUNCATED"],
    ["cut in its header", good.subarray(0, 100), "E_TRUNCATED"],
    ["only a marker", good.subarray(0, 2), "E_TRUNCATED"],
    ["claiming 4 gigapixels", claiming(65_000, 65_000), "E_TOO_LARGE", "65000x65000"],
    ["claiming 90 megapixels", claiming(9_000, 10_000), "E_TRUNCATED"],
    ["of no size", claiming(0, 10), "E_FORMAT", "10x0"],
    ["damaged", Uint8Array.from(good, (byte, i) => (i === 20 ? 0 : i === 2 ? 1 : byte)), "E_FORMAT", "damaged"],
    ["lossless", Uint8Array.from(good, (byte, i) => (i === frame + 1 ? 0xc3 : byte)), "E_FORMAT", "lossless"],
  ])("names a file that is %s", async (_, bytes, code, ...words) => {
    await expectError(() => decodePicture({ name: "cats/7.jpg", bytes }), code, "cats/7.jpg", ...words);
  });

  it("survives any single damaged byte: a picture or a typed error, never a crash", async () => {
    for (let at = 0; at < good.length; at += 3) {
      const bytes = Uint8Array.from(good, (byte, i) => (i === at ? byte ^ 0xff : byte));
      const outcome = await decodePicture({ name: "cats/7.jpg", bytes }).then(
        () => "picture",
        (error) => error.name,
      );
      expect(["picture", "DataError"]).toContain(outcome);
    }
  });
});

describe("decodePicture", () => {
  it("names a file that is neither", () =>
    expectError(() => decodePicture({ name: "a.png", bytes: new TextEncoder().encode("GIF89a...") }), "E_FORMAT", "a.png", "neither").then(
      () => {},
    ));
});
