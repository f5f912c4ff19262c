/**
 * What the widths of a network's activations say about the weights and multiply-adds of its filters, by two rules, neither of which builds the network:
 * the one by which the method's authors report savings, written down anew from what their scripts compute, and the structure's own.
 * Layer i is the convolution between activation i − 1 (the image before the first) and activation i; the last layer is the classifier.
 */
export type Family = "post-add" | "pre-activation" | "bottleneck" | "wide";

export interface Count {
  readonly weights: number;
  readonly macs: number;
}

interface Layer {
  /** Index of the activation before, and of the one behind; the layer writes a residual stream or it does not. */
  readonly i: number;
  readonly taps: number;
  readonly pixels: number;
  readonly writesStream: boolean;
}

/** The image has 3 channels of 32 × 32 pixels; the stream is halved twice. */
function layersOf(widths: readonly number[], family: Family): Layer[] {
  const last = widths.length - 1;
  const perBlock = family === "bottleneck" ? 3 : 2;
  return widths.map((_, i): Layer => {
    const writesStream = family !== "post-add" && i % perBlock === 0 && i < last;
    if (i === 0) return { i, taps: 9, pixels: 1024, writesStream };
    if (i === last) return { i, taps: 1, pixels: 1, writesStream };
    const pixels = 1024 >> (2 * stageOf(i, last));
    return { i, taps: family === "bottleneck" && i % 3 !== 2 ? 1 : 9, pixels, writesStream };
  });
}

/** Stage of layer i: a third of the layers between the first and the classifier. */
const stageOf = (i: number, last: number): number => Math.floor((3 * (i - 1)) / (last - 1));

/** The first layer of each stage. */
const stageStarts = (last: number): number[] => [0, 1, 2].map((stage) => 1 + (stage * (last - 1)) / 3);

const sum = (counts: readonly Count[]): Count => ({
  weights: counts.reduce((total, { weights }) => total + weights, 0),
  macs: counts.reduce((total, { macs }) => total + macs, 0),
});

/**
 * The authors' rule: every layer has the survivors before it as columns and those behind it as filters, also where it writes the stream. Shortcut
 * convolutions are left out, but for those of wide ResNets, which have the survivors of a layer's *outputs* as columns; and a strided bottleneck begins at
 * the smaller size. In wide ResNets the multiply-adds of layers that write the stream are those of all filters, while their weights are not.
 */
export function authorsCount(alive: readonly number[], full: readonly number[], family: Family): Count {
  const last = full.length - 1;
  const layers = layersOf(full, family).map(({ i, taps, pixels, writesStream }): Count => {
    const columns = i === 0 ? 3 : (alive[i - 1] as number);
    const filters = alive[i] as number;
    const paid = family === "wide" && writesStream && i > 0 ? (full[i] as number) : filters;
    return { weights: columns * filters * taps, macs: columns * paid * taps * pixels };
  });
  if (family !== "wide") return sum(layers);
  const shortcuts = stageStarts(last).map((start, stage): Count => {
    const weights = (alive[stage === 0 ? 0 : start] as number) * (full[start] as number);
    return { weights, macs: weights * (1024 >> (2 * stage)) };
  });
  return sum([...layers, ...shortcuts]);
}

/**
 * The structure's rule: a layer that writes the stream keeps all its filters. Shortcut convolutions read the stream before its activation in bottleneck
 * networks, behind it in wide ones, and there are none elsewhere.
 */
export function structureCount(alive: readonly number[], full: readonly number[], family: Family): Count {
  const last = full.length - 1;
  const starts = stageStarts(last);
  const layers = layersOf(full, family).map(({ i, taps, pixels, writesStream }): Count => {
    const columns = i === 0 ? 3 : (alive[i - 1] as number);
    const weights = columns * ((writesStream ? full : alive)[i] as number) * taps;
    // the 1×1 convolution before a strided one works at the larger size
    const larger = family === "bottleneck" && starts.indexOf(i) > 0 ? 4 : 1;
    return { weights, macs: weights * pixels * larger };
  });
  if (family !== "wide" && family !== "bottleneck") return sum(layers);
  const shortcuts = starts.map((start, stage): Count => {
    const perBlock = family === "wide" ? 2 : 3;
    const columns = (family === "wide" ? alive : full)[start - 1] as number;
    const weights = columns * (full[start - 1 + perBlock] as number);
    return { weights, macs: weights * (1024 >> (2 * stage)) };
  });
  return sum([...layers, ...shortcuts]);
}
