/** What a network expects of a picture, and how pixels become its input. */
import { ModelError } from "../errors.ts";
import { list, oneOf, record, show } from "./json.ts";
import { fitPixels, type Pixels } from "./pixels.ts";

/** The input is (pixel / 255 − mean) / std for each channel, as planes of height × width. */
export interface Preprocess {
  /** Pixels; a picture of another size is cropped to this aspect and resized. */
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Order of the planes, and of `mean` and `std`. `gray` goes with 1 channel, the others with 3. */
  readonly order: "RGB" | "BGR" | "gray";
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const MAX_SIDE = 16_384;

/** Throws ModelError E_FORMAT where a field is missing, unknown or impossible. */
export function checkPreprocess(json: unknown): Preprocess {
  const fields = record(json, "preprocess", ["width", "height", "channels", "order", "mean", "std"]);
  const { width, height, channels, mean, std } = fields;
  const order = oneOf(fields.order, ["RGB", "BGR", "gray"] as const, "preprocess.order");
  const fail = (what: string) => new ModelError("E_FORMAT", `preprocess.${what}`);
  for (const [name, side] of Object.entries({ width, height })) {
    if (!Number.isInteger(side) || (side as number) < 1 || (side as number) > MAX_SIDE)
      throw fail(`${name} is ${show(side)}; expected pixels, 1 to ${MAX_SIDE}`);
  }
  const expected = order === "gray" ? 1 : 3;
  if (channels !== expected) throw fail(`channels is ${show(channels)}; ${order} has ${expected}`);
  for (const [name, numbers] of Object.entries({ mean, std })) {
    const sound = (x: unknown) => Number.isFinite(x) && (name === "mean" || (x as number) > 0);
    if (list(numbers, `preprocess.${name}`, 3).length !== expected || !(numbers as unknown[]).every(sound)) {
      throw fail(`${name} is ${show(numbers)}; expected ${expected} finite numbers${name === "std" ? " above 0" : ""}`);
    }
  }
  return { width, height, channels: expected, order, mean, std } as Preprocess;
}

/** The normalised value of each byte: entry c·256 + v is (v/255 − mean[c]) / std[c]. */
export function normaliseTable({
  channels,
  mean,
  std,
}: {
  channels: number;
  mean: readonly number[];
  std: readonly number[];
}): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let c = 0; c < channels; c++) {
    for (let v = 0; v < 256; v++) table[c * 256 + v] = (v / 255 - (mean[c] as number)) / (std[c] as number);
  }
  return table;
}

/** Pictures of any size as a batch of the network's input: pictures.length × channels × height × width. Throws InputError E_INPUT. */
export function pixelsToInput(pictures: readonly Pixels[], preprocess: Preprocess): Float32Array {
  const { channels, width, height } = preprocess;
  const plane = width * height;
  const table = normaliseTable(preprocess);
  const input = new Float32Array(pictures.length * channels * plane);
  pictures.forEach((picture, n) => {
    const bytes = fitPixels(picture, preprocess);
    for (let c = 0; c < channels; c++) {
      const from = (preprocess.order === "BGR" ? 2 - c : c) * plane;
      const to = (n * channels + c) * plane;
      for (let i = 0; i < plane; i++) input[to + i] = table[c * 256 + (bytes[from + i] as number)] as number;
    }
  });
  return input;
}
