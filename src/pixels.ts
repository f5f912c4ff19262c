/** Pictures as callers have them: raw RGBA bytes, or any of the browser's images, canvases and video frames. */
import { BackendError, InputError } from "./errors.ts";
import { checkPixels, type Pixels } from "./model/pixels.ts";

/** What `predict` takes for a picture. */
export type PixelSource =
  | Pixels
  | ImageData
  | ImageBitmap
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLImageElement
  | HTMLVideoElement
  | VideoFrame;

/** Where each kind of picture keeps its size, and what to wait for while that is 0. */
const KINDS: Readonly<Record<string, readonly [width: string, height: string, wait: string]>> = {
  ImageBitmap: ["width", "height", "it was closed"],
  HTMLCanvasElement: ["width", "height", "give it a size"],
  OffscreenCanvas: ["width", "height", "give it a size"],
  HTMLImageElement: ["naturalWidth", "naturalHeight", "await image.decode() first"],
  HTMLVideoElement: ["videoWidth", "videoHeight", "wait for its loadeddata event"],
  VideoFrame: ["displayWidth", "displayHeight", "it was closed"],
};

/** By tag and not by instanceof, which fails across frames. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** The pixels of a picture as it is now, or undefined where `source` is none. Throws InputError E_INPUT where it cannot be read. */
export function toPixels(source: unknown): Pixels | undefined {
  if (typeof source !== "object" || source === null) return undefined;
  const kind = KINDS[tagOf(source)];
  if (kind) return draw(source as CanvasImageSource, kind);
  const picture = source as Pixels;
  if (!("data" in picture && "width" in picture && "height" in picture)) return undefined;
  const data = tagOf(picture.data);
  if (data !== "Uint8Array" && data !== "Uint8ClampedArray")
    throw new InputError("E_INPUT", `a picture's data is ${data}; expected RGBA bytes, a Uint8Array or Uint8ClampedArray`);
  checkPixels(picture);
  return picture;
}

function draw(source: CanvasImageSource, [widthKey, heightKey, wait]: readonly [string, string, string]): Pixels {
  const sizes = source as unknown as Record<string, number>;
  const width = sizes[widthKey] as number;
  const height = sizes[heightKey] as number;
  if (!width || !height) throw new InputError("E_INPUT", `the ${tagOf(source)} has no pixels yet or any more: ${wait}`);
  const context = makeCanvas(width, height).getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D | null;
  if (!context)
    throw new BackendError("E_UNSUPPORTED", "there is no 2d canvas to read pictures with; give their RGBA bytes as {width, height, data}");
  try {
    context.drawImage(source, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } catch (error) {
    throw new InputError(
      "E_INPUT",
      `the ${tagOf(source)} cannot be read: ${(error as Error).message}; pictures of other origins need CORS headers and crossOrigin = "anonymous"`,
      { cause: error },
    );
  }
}

function makeCanvas(width: number, height: number): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}
