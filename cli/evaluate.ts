/** Runs a session over a split of a data set: the share of hits, each image's prediction, and the time it takes. */
import { AbortedError } from "../src/errors.ts";
import type { Session } from "../src/session.ts";
import { batches, type Dataset, type Split } from "../training/data/index.ts";

export interface Evaluation {
  /** Share of images whose largest logit is their class. */
  readonly accuracy: number;
  readonly n: number;
  /** Mean over the whole pass at the given batch size, without reading the data. */
  readonly msPerImage: number;
  /** 1 for each image classified correctly, in the order of the split. */
  readonly hits: Uint8Array;
}

export interface EvaluateOptions {
  /** Images per run. */
  readonly batch: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The data set must be the model's, its mean and spread too, as `openDataFor` makes it. Throws AbortedError. */
export async function evaluate(session: Session, dataset: Dataset, split: Split, options: EvaluateOptions): Promise<Evaluation> {
  const [input = "image"] = session.inputs.map((value) => value.name);
  const [output = "logits"] = session.outputs.map((value) => value.name);
  const hits = new Uint8Array(split.count);
  let done = 0;
  let ms = 0;
  for (const batch of batches(split, dataset, { size: options.batch })) {
    if (options.signal?.aborted) throw new AbortedError("the evaluation", { cause: options.signal.reason });
    // untimed: the first run of a batch's size makes room for it
    if (done === 0) await session.run({ [input]: batch.images });
    const start = performance.now();
    const { [output]: logits } = await session.run({ [input]: batch.images });
    ms += performance.now() - start;
    const classes = (logits as Float32Array).length / batch.count;
    for (let i = 0; i < batch.count; i++) {
      hits[done + i] = argmax(logits as Float32Array, i * classes, classes) === batch.labels[i] ? 1 : 0;
    }
    done += batch.count;
    options.onProgress?.(done, split.count);
  }
  const correct = hits.reduce((sum, hit) => sum + hit, 0);
  return { accuracy: correct / split.count, n: split.count, msPerImage: ms / split.count, hits };
}

/** Index of the first largest of `count` numbers from `start`. */
function argmax(values: Float32Array, start: number, count: number): number {
  let best = 0;
  for (let k = 1; k < count; k++) if ((values[start + k] as number) > (values[start + best] as number)) best = k;
  return best;
}
