/** The page of the browser tests: an app that has bundled the package, and pictures of all kinds to give it. */
import * as swivel from "../../src/index.ts";
import { errors } from "./errors.ts";

/** A picture without any regularity, opaque, so that no canvas changes its bytes. */
function imageData(width: number, height: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (i * i * 7 + i * 13) % 256;
  return image;
}

function canvas(image: ImageData): HTMLCanvasElement {
  const element = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  element.getContext("2d")?.putImageData(image, 0, 0);
  return element;
}

/** The same picture as everything that `run` takes. */
async function pictures(width: number, height: number): Promise<Record<string, swivel.PixelSource>> {
  const pixels = imageData(width, height);
  const element = canvas(pixels);
  const offscreen = new OffscreenCanvas(width, height);
  offscreen.getContext("2d")?.putImageData(pixels, 0, 0);
  const image = new Image();
  image.src = element.toDataURL("image/png");
  await image.decode();
  return {
    pixels: { width, height, data: pixels.data },
    imageData: pixels,
    canvas: element,
    offscreenCanvas: offscreen,
    imageBitmap: await createImageBitmap(pixels),
    image,
    // not in every browser
    ...("VideoFrame" in globalThis && { videoFrame: new VideoFrame(element, { timestamp: 0 }) }),
  };
}

/** A video that shows one colour. */
async function video(colour: string): Promise<HTMLVideoElement> {
  const element = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const context = element.getContext("2d");
  const paint = () => {
    if (context) context.fillStyle = colour;
    context?.fillRect(0, 0, 64, 64);
  };
  paint();
  const player = Object.assign(document.createElement("video"), { muted: true, srcObject: element.captureStream(30) });
  const painting = setInterval(paint, 20);
  await player.play();
  if (player.readyState < 2) await new Promise((resolve) => player.addEventListener("loadeddata", resolve, { once: true }));
  clearInterval(painting);
  return player;
}

/** The message of what `load` throws for these; undefined where it does not. */
function refusal(source: string, options?: swivel.SessionOptions): Promise<string | undefined> {
  return swivel.Session.load(source, options).then(
    (session) => void session.dispose(),
    (error: Error) => error.message,
  );
}

/** The message of what a run with this input throws; undefined where it does not. */
async function complaint(image: unknown): Promise<string | undefined> {
  const session = await swivel.Session.load("model.safetensors");
  return session.run({ image: image as swivel.Input }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

const tools = { ...swivel, errors, pictures, video, imageData, refusal, complaint };

declare global {
  interface Window {
    tools: typeof tools;
  }
}
window.tools = tools;
