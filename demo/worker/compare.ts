/** The network before the cut beside the packed one: accuracies, times in turns, and live guesses. */
import { type Pixels, type Session, SwivelError } from "swivel-nn";
import { type Dataset, datasets, measure } from "swivel-nn/training";
import type { Guess, Prediction, Timing } from "../shared/messages.ts";
import { openSession } from "./network.ts";

export interface Pair {
  readonly dense?: Uint8Array;
  readonly packed: Uint8Array;
}

/** Both networks, loaded on WebAssembly for as long as pictures come. */
export class Comparison {
  readonly #packed: Session;
  readonly #dense: Session | undefined;

  static async open({ dense, packed }: Pair): Promise<Comparison> {
    return new Comparison(await openSession(packed, "wasm"), dense && (await openSession(dense, "wasm")));
  }

  private constructor(packed: Session, dense: Session | undefined) {
    this.#packed = packed;
    this.#dense = dense;
  }

  async predict(picture: Pixels): Promise<Prediction> {
    const packed = await guess(this.#packed, picture);
    return { packed, ...(this.#dense && { dense: await guess(this.#dense, picture) }) };
  }

  dispose(): void {
    this.#packed.dispose();
    this.#dense?.dispose();
  }
}

async function guess(session: Session, picture: Pixels): Promise<Guess> {
  const [input = "image"] = session.inputs.map(({ name }) => name);
  const [output = "logits"] = session.outputs.map(({ name }) => name);
  const { [output]: logits } = await session.run({ [input]: picture });
  const most = Math.max(...(logits as Float32Array));
  const powers = Array.from(logits as Float32Array, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return { shares: powers.map((power) => power / sum) };
}

/** One image at a time in one thread, both networks in turns until their ratio is known; or, in words, why not. */
export async function timeBoth(pair: Pair, backend: "wasm" | "webgpu", image: Float32Array): Promise<Timing> {
  const sessions: Session[] = [];
  try {
    for (const file of [pair.packed, pair.dense]) if (file) sessions.push(await openSession(file, backend));
    const [packed, dense] = sessions as [Session, Session | undefined];
    const run = (session: Session) => () => session.run({ [session.inputs[0]?.name as string]: image });
    const explanation = packed.explain();
    if (!dense) {
      const [samples = []] = await measure.interleave([run(packed)], { rounds: 15, sampleMs: 10 });
      return { packed: measure.median(samples), explanation };
    }
    const { before, after, ratio } = await measure.compareTimes(run(dense), run(packed), { precision: 0.15, mostRounds: 45 });
    return { dense: before, packed: after, ratio, explanation };
  } catch (error) {
    if (error instanceof SwivelError && ["E_UNSUPPORTED", "E_BACKEND", "E_ADAPTER", "E_MEMORY", "E_DEVICE_LOST"].includes(error.code))
      return { unavailable: (error.message.slice(error.code.length + 1).split("; ")[0] as string).trim() };
    throw error;
  } finally {
    for (const session of sessions) session.dispose();
  }
}

/** A picture as numbers: of the data where there is some, otherwise zeros, which take as long. */
export function sampleImage(dataset: Dataset | undefined, numbers: number): Float32Array {
  if (!dataset || dataset.test.count === 0) return new Float32Array(numbers);
  const [batch] = datasets.batches(dataset.test, dataset, { size: 1 });
  return (batch?.images ?? new Float32Array(numbers)).slice();
}

/** A test picture as a page shows it. */
export function pictureOf({ test, channels, height, width, classNames }: Dataset, index: number) {
  const at = index % test.count;
  const plane = height * width;
  const bytes = test.images.subarray(at * channels * plane, (at + 1) * channels * plane);
  const data = new Uint8ClampedArray(4 * plane);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) data[4 * i + c] = bytes[(channels === 3 ? c : 0) * plane + i] as number;
    data[4 * i + 3] = 255;
  }
  return { width, height, data, label: classNames[test.labels[at] as number] as string };
}
