/**
 * PNG and JPEG files to RGBA pixels, for Node; browsers have decoders of their own. The decoding is fast-png's and jpeg-js's. What stands
 * here keeps them from allocating what a header merely claims, and turns their many results into one form.
 */
import type { DecodedPng } from "fast-png";
import { DataError } from "../../src/errors.ts";
import type { Pixels } from "../../src/model/pixels.ts";
import { orientationOf, upright } from "./exif.ts";
import type { NamedBytes } from "./idx.ts";
import { inflate } from "./inflate.ts";

const MAX_PIXELS = 100e6;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Decodes by content, whatever the file's extension. Throws `DataError` (`E_FORMAT`, `E_TRUNCATED`, `E_TOO_LARGE`), naming the file. */
export async function decodePicture(file: NamedBytes): Promise<Pixels> {
  const { bytes, name } = file;
  try {
    if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) return await decodePng(file);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return await decodeJpeg(file);
  } catch (error) {
    if (error instanceof DataError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DataError("E_FORMAT", `${name}: cannot be read as a picture (${why}); save it again or remove it`, { cause: error });
  }
  throw new DataError("E_FORMAT", `${name}: is neither PNG nor JPEG inside; convert it or remove it`);
}

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }; // per pixel, by PNG's colour type

async function decodePng({ name, bytes }: NamedBytes): Promise<Pixels> {
  const { header, essential, data } = pngChunks(name, bytes);
  const samples = SAMPLES[header.colour];
  if (samples === undefined)
    throw new DataError("E_FORMAT", `${name}: unknown PNG colour type ${header.colour}; save it again or remove it`);
  if (header.interlaced && header.depth < 8) {
    throw new DataError(
      "E_FORMAT",
      `${name}: is an interlaced PNG of ${header.depth} bits, which cannot be read; save it without interlacing`,
    );
  }
  checkSize(name, header.width, header.height);
  // Interlacing splits the rows into at most 15/8 as many shorter ones, each with its filter byte.
  const most = (Math.ceil((header.width * header.depth * samples) / 8) + 16) * header.height * (header.interlaced ? 2 : 1) + 64;
  const least = Math.ceil((header.width * header.depth * samples) / 8 + 1) * header.height;
  const raw = await inflate(data, "deflate", name, () => most);
  if (raw.length < least) throw truncated(name);
  const { decode, convertIndexedToRgb } = await import("fast-png");
  const png = decode(essential, { checkCrc: true });
  return header.colour === 3 ? fromPalette(png, convertIndexedToRgb(png)) : fromSamples(png, samples);
}

/** Walks the chunks; returns the header, the compressed pixels, and the file without the chunks that pixels do not need. */
function pngChunks(name: string, bytes: Uint8Array): { header: PngHeader; essential: Uint8Array; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let header: PngHeader | undefined;
  for (let at = 8, type = ""; type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw truncated(name);
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw truncated(name);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!header && (type !== "IHDR" || length !== 13))
      throw new DataError("E_FORMAT", `${name}: is a PNG without a header; save it again or remove it`);
    if (type === "IHDR") {
      const [depth, colour, , , interlace] = bytes.subarray(at + 16, at + 21);
      header = {
        width: view.getUint32(at + 8),
        height: view.getUint32(at + 12),
        depth: depth!,
        colour: colour!,
        interlaced: interlace !== 0,
      };
    }
    if (type === "IDAT") data.push(bytes.subarray(at + 8, end - 4));
    if (["IHDR", "PLTE", "tRNS", "IDAT", "IEND"].includes(type)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return { header: header!, essential: concatenate(kept), data: concatenate(data) };
}

function fromPalette(png: DecodedPng, colours: Uint8Array): Pixels {
  const samples = png.palette![0]!.length;
  const data = new Uint8Array(png.width * png.height * 4);
  for (let i = 0, o = 0; o < data.length; i += samples, o += 4) {
    data[o] = colours[i]!;
    data[o + 1] = colours[i + 1]!;
    data[o + 2] = colours[i + 2]!;
    data[o + 3] = samples === 4 ? colours[i + 3]! : 255;
  }
  return { width: png.width, height: png.height, data };
}

/** Grey or colour samples of 1 to 16 bits, with an alpha sample or one transparent colour or neither. */
function fromSamples(png: DecodedPng, samples: number): Pixels {
  const { width, height, depth } = png;
  const full = 2 ** depth - 1;
  const clear = png.transparency;
  const data = new Uint8Array(width * height * 4);
  const pixel = new Float64Array(samples);
  const line = Math.ceil((width * depth * samples) / 8);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 4) {
      for (let s = 0; s < samples; s++) {
        const index = x * samples + s;
        // Samples under 8 bits lie packed in bytes, the first in the highest bits, and each row starts a new byte.
        pixel[s] =
          depth >= 8
            ? png.data[y * width * samples + index]!
            : (png.data[y * line + ((index * depth) >> 3)]! >> (8 - depth - ((index * depth) & 7))) & full;
      }
      const colour = samples >= 3;
      for (let c = 0; c < 3; c++) data[o + c] = Math.round((pixel[colour ? c : 0]! * 255) / full);
      const alpha = samples === 2 || samples === 4 ? pixel[samples - 1]! / full : clear?.every((value, s) => value === pixel[s]) ? 0 : 1;
      data[o + 3] = Math.round(alpha * 255);
    }
  }
  return { width, height, data };
}

async function decodeJpeg({ name, bytes }: NamedBytes): Promise<Pixels> {
  const frame = jpegFrame(name, bytes);
  checkSize(name, frame.width, frame.height);
  // Each 8 × 8 block takes at least one bit: what a shorter file claims beyond that it cannot hold.
  if (frame.width * frame.height > bytes.length * 8 * 64) throw truncated(name);
  const jpeg = await import("jpeg-js");
  const decode = jpeg.decode ?? jpeg.default.decode;
  // Four components take 16 bytes of coefficients, 4 of samples and 4 of RGBA a pixel; a later header must not claim more than the first.
  const maxMemoryUsageInMB = 16 + (32 * frame.width * frame.height) / 2 ** 20;
  const limits = { maxResolutionInMP: MAX_PIXELS / 1e6, maxMemoryUsageInMB };
  const { width, height, data } = decode(bytes, { useTArray: true, formatAsRGBA: true, tolerantDecoding: false, ...limits });
  return upright({ width, height, data }, frame.orientation);
}

/** Walks the markers up to the pixels: size and orientation, and whether the end is there. */
function jpegFrame(name: string, bytes: Uint8Array): { width: number; height: number; orientation: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let size: { width: number; height: number } | undefined;
  let orientation = 1;
  for (let at = 2; ; ) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++; // fill bytes
    if (at + 4 > bytes.length) throw truncated(name);
    if (bytes[at] !== 0xff) throw new DataError("E_FORMAT", `${name}: is a damaged JPEG; save it again or remove it`);
    const marker = bytes[at + 1]!;
    const end = at + 2 + view.getUint16(at + 2);
    if (end > bytes.length) throw truncated(name);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (marker > 0xc2)
        throw new DataError(
          "E_FORMAT",
          `${name}: is a lossless, hierarchical or arithmetic-coded JPEG, which cannot be read; save it as a usual one`,
        );
      if (end < at + 9) throw truncated(name);
      size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    if (marker === 0xe1) orientation = orientationOf(bytes.subarray(at + 4, end)) ?? orientation;
    at = end;
    if (marker !== 0xda) continue;
    if (!size) throw new DataError("E_FORMAT", `${name}: is a JPEG without a size; save it again or remove it`);
    while (at + 1 < bytes.length && !(bytes[at] === 0xff && bytes[at + 1] === 0xd9)) at++;
    if (at + 1 >= bytes.length) throw truncated(name);
    return { ...size, orientation };
  }
}

function checkSize(name: string, width: number, height: number): void {
  if (width === 0 || height === 0)
    throw new DataError("E_FORMAT", `${name}: claims a size of ${width}x${height}; save it again or remove it`);
  if (width * height > MAX_PIXELS) {
    throw new DataError(
      "E_TOO_LARGE",
      `${name}: claims ${width}x${height} pixels, above the limit of ${MAX_PIXELS / 1e6} megapixels; save it smaller or remove it`,
    );
  }
}

function truncated(name: string): DataError {
  return new DataError("E_TRUNCATED", `${name}: the picture ends too early; get it again or remove it`);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
