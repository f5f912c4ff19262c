/**
 * What every data set becomes, whatever files it came from: three splits of bytes in memory, class names, and the mean and spread of the
 * training pixels. Pure data; the readers are in idx.ts, cifar.ts, images.ts and open.ts, the batches in batches.ts.
 */

/** Some labelled pictures. Arrays may be views into larger ones; treat them as read-only. */
export interface Split {
  readonly count: number;
  /** count × channels × height × width (NCHW), 0..255. */
  readonly images: Uint8Array;
  /** count class indices, 0..classes-1. */
  readonly labels: Int32Array;
}

/** Images with labels in splits, in memory, as bytes. */
export interface Dataset {
  readonly name: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[];
  readonly train: Split;
  /** Held out of train (or a folder of its own): for choosing thresholds and epochs. May be empty when asked for 0 images. */
  readonly validation: Split;
  readonly test: Split;
  /** Per channel of train, pixels scaled to 0..1. */
  readonly mean: readonly number[];
  /** Per channel of train, pixels scaled to 0..1; 1 for a channel that never changes, so that nothing divides by zero. */
  readonly std: readonly number[];
  /** What a person should know about how it was read, e.g. that the test split was held out of train. */
  readonly notes?: readonly string[];
}

/** A batch ready for a network. Valid until the next one is asked for: its memory is reused. */
export interface Batch {
  /** count × channels × height × width, normalised: (pixel / 255 − mean) / std. */
  readonly images: Float32Array;
  /** count class indices. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Anything that yields batches; what a trainer takes. Users may write their own generator, also an asynchronous one. */
export type BatchSource = Iterable<Batch> | AsyncIterable<Batch>;

/** Mean and standard deviation per channel, pixels scaled to 0..1. Exact: from counts of the 256 values, whatever the order of the pictures. */
export function statistics(split: Split, channels: number): { mean: number[]; std: number[] } {
  const plane = split.count === 0 ? 0 : split.images.length / split.count / channels;
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let start = 0, c = 0; start < split.images.length; start += plane, c = (c + 1) % channels) {
    const channel = counts[c] as Float64Array;
    for (let i = start; i < start + plane; i++) channel[split.images[i] as number]!++;
  }
  const mean: number[] = [];
  const std: number[] = [];
  for (const channel of counts) {
    let n = 0;
    let sum = 0;
    let squares = 0;
    channel.forEach((count, value) => {
      n += count;
      sum += count * value;
      squares += count * value * value;
    });
    const average = n === 0 ? 0 : sum / n;
    const variance = n === 0 ? 0 : Math.max(0, squares / n - average * average);
    mean.push(average / 255);
    std.push(variance === 0 ? 1 : Math.sqrt(variance) / 255);
  }
  return { mean, std };
}
