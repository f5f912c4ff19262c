/** Makes PNG and JPEG files for tests. */
import { deflateSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import jpeg from "jpeg-js";

export type Colour = (x: number, y: number) => readonly number[];

export function samples(width: number, height: number, colour: Colour): number[] {
  return Array.from({ length: width * height }, (_, i) => colour(i % width, Math.floor(i / width))).flat();
}

/** A PNG by the library's own encoder: 1 to 4 samples a pixel, as many as `colour` gives. */
export function png(width: number, height: number, colour: Colour, options: { depth?: 8 | 16; interlaced?: boolean } = {}): Uint8Array {
  const channels = colour(0, 0).length;
  const data = options.depth === 16 ? Uint16Array.from(samples(width, height, colour)) : Uint8Array.from(samples(width, height, colour));
  return encodePng({ width, height, data, channels, depth: options.depth ?? 8 }, { interlace: options.interlaced ? "Adam7" : "null" });
}

export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlace?: number;
  /** Filtered rows: each its filter byte, then its bytes. */
  readonly rows: readonly number[];
  readonly before?: readonly [string, readonly number[]][];
}

/** A PNG by hand, for what the encoder does not write: palettes, few bits, false claims. */
export function pngOf({ width, height, depth, colourType, interlace = 0, rows, before = [] }: PngParts): Uint8Array {
  const size = [width, height].flatMap(bigEndian);
  return Uint8Array.from([
    ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    ...pngChunk("IHDR", [...size, depth, colourType, 0, 0, interlace]),
    ...before.flatMap(([type, data]) => pngChunk(type, data)),
    ...pngChunk("IDAT", [...deflateSync(Uint8Array.from(rows))]),
    ...pngChunk("IEND", []),
  ]);
}

function pngChunk(type: string, data: readonly number[]): number[] {
  const body = [...new TextEncoder().encode(type), ...data];
  return [...bigEndian(data.length), ...body, ...bigEndian(crc32(body))];
}

function bigEndian(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
}

function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A JPEG of high quality; with an EXIF orientation if given. */
export function jpg(width: number, height: number, colour: Colour, orientation?: number): Uint8Array {
  const data = Uint8Array.from(samples(width, height, (x, y) => [...colour(x, y), 255]));
  const bytes = Uint8Array.from(jpeg.encode({ width, height, data }, 95).data);
  if (orientation === undefined) return bytes;
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const segment = [...new TextEncoder().encode("Exif\0\0"), ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, segment.length + 2, ...segment, ...bytes.subarray(2)]);
}
