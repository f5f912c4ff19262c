/**
 * From a picture of any size to the planes that a network reads. Training on folders of pictures and inference on live pixels both go
 * through here, because a network meets at work only what it met in training if both resize alike.
 */
import { InputError } from "../errors.ts";

/** RGBA bytes, rows from the top, 4 · width · height of them: an `ImageData` is one. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

export interface PlaneSize {
  /** 3 for red, green, blue; 1 for brightness (BT.601). */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const LUMA = [0.299, 0.587, 0.114] as const; // ITU-R BT.601

/**
 * The centre of the picture, as much of it as the aspect allows, resized to channels × height × width bytes (CHW, 0..255). Shrinking takes
 * the mean over each target pixel's area, enlarging is bilinear, and the same size copies. Transparent pixels are laid over white.
 * Throws `E_INPUT` where the bytes are not 4 · width · height, `E_CHANNELS` for other than 1 or 3 channels.
 */
export function fitPixels(picture: Pixels, to: PlaneSize): Uint8Array {
  checkPixels(picture);
  const { channels, height, width } = to;
  if (channels !== 1 && channels !== 3)
    throw new InputError("E_CHANNELS", `pictures to ${channels} channels: give 1 (grey) or 3 (red, green, blue)`);
  const crop = cropFor(picture, width / height);
  const columns = axisTaps(crop.left, crop.width, width);
  const rows = axisTaps(crop.top, crop.height, height);
  const lines = resizeRows(picture, crop.top, crop.height, columns, channels);
  return resizeColumns(lines, crop.top, rows, channels, width);
}

export function checkPixels({ width, height, data }: Pixels): void {
  const sound = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (sound && data.length === 4 * width * height) return;
  throw new InputError("E_INPUT", `picture of ${width}x${height} with ${data.length} bytes: give RGBA, 4 · width · height bytes`);
}

/** The largest centred box of whole pixels with this aspect (width / height). */
function cropFor(picture: Pixels, aspect: number): { left: number; top: number; width: number; height: number } {
  const width = Math.max(1, Math.min(picture.width, Math.round(picture.height * aspect)));
  const height = Math.max(1, Math.min(picture.height, Math.round(picture.width / aspect)));
  return { left: (picture.width - width) >> 1, top: (picture.height - height) >> 1, width, height };
}

/** For each target index, the first source index and the weights from there on; they sum to 1. */
interface Taps {
  readonly start: number;
  readonly weights: readonly number[];
}

function axisTaps(from: number, length: number, size: number): Taps[] {
  const scale = length / size;
  return Array.from({ length: size }, (_, i) => (scale > 1 ? areaTaps(from, length, i, scale) : linearTaps(from, length, i, scale)));
}

function areaTaps(from: number, length: number, i: number, scale: number): Taps {
  const low = i * scale;
  const high = Math.min(length, low + scale);
  const first = Math.floor(low);
  const weights: number[] = [];
  for (let s = first; s < high; s++) weights.push((Math.min(s + 1, high) - Math.max(s, low)) / (high - low));
  return { start: from + first, weights };
}

function linearTaps(from: number, length: number, i: number, scale: number): Taps {
  const centre = Math.min(length - 1, Math.max(0, (i + 0.5) * scale - 0.5));
  const first = Math.floor(centre);
  const share = centre - first;
  return { start: from + first, weights: share === 0 ? [1] : [1 - share, share] };
}

/** Each source row of the crop, its width resized: rows × columns × channels. */
function resizeRows(picture: Pixels, top: number, height: number, columns: readonly Taps[], channels: number): Float32Array {
  const out = new Float32Array(height * columns.length * channels);
  let o = 0;
  for (let y = top; y < top + height; y++) {
    for (const { start, weights } of columns) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let at = (y * picture.width + start) * 4;
      for (const weight of weights) {
        const alpha = picture.data[at + 3]! / 255;
        const white = 255 * (1 - alpha);
        red += weight * (picture.data[at]! * alpha + white);
        green += weight * (picture.data[at + 1]! * alpha + white);
        blue += weight * (picture.data[at + 2]! * alpha + white);
        at += 4;
      }
      if (channels === 1) {
        out[o++] = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
      } else {
        out[o++] = red;
        out[o++] = green;
        out[o++] = blue;
      }
    }
  }
  return out;
}

/** The rows weighted together, as planes of bytes. */
function resizeColumns(lines: Float32Array, top: number, rows: readonly Taps[], channels: number, width: number): Uint8Array {
  const out = new Uint8Array(channels * rows.length * width);
  const line = width * channels;
  rows.forEach(({ start, weights }, y) => {
    for (let x = 0; x < line; x++) {
      let sum = 0;
      let at = (start - top) * line + x;
      for (const weight of weights) {
        sum += weight * lines[at]!;
        at += line;
      }
      const channel = x % channels;
      out[(channel * rows.length + y) * width + (x - channel) / channels] = Math.round(Math.min(255, Math.max(0, sum)));
    }
  });
  return out;
}
