/** Runs one network on several engines in turns, after making sure that they agree. In a page; knows nothing of how it is shown. */
import { measure } from "swivel-nn/training";

export interface Engine {
  readonly name: string;
  /** One inference, from numbers to numbers. */
  run(input: Float32Array): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** An engine, and how long it took from its files in memory to the first result, in milliseconds. */
export interface Started {
  readonly engine: Engine;
  readonly firstMs: number;
  readonly firstOutput: Float32Array;
}

export interface Comparison {
  readonly ms: Readonly<Record<string, number>>;
  /** The quarter of the samples below and above the median lie between these. */
  readonly quartiles: Readonly<Record<string, readonly [number, number]>>;
  readonly firstMs: Readonly<Record<string, number>>;
  /** The largest difference from the expected outputs, over the largest of them. */
  readonly difference: Readonly<Record<string, number>>;
  /** Engines whose outputs are not the expected ones, for whatever fault of theirs on this adapter. */
  readonly disagrees: readonly string[];
  /** Peers' time over the first engine's, pair by pair. */
  readonly ratios: Readonly<Record<string, measure.Interval>>;
  readonly rounds: number;
}

/** Outputs further apart than this are those of another network. */
export const AGREES = 1e-3;

export interface CompareOptions {
  readonly input: Float32Array;
  /** What the network gives, from an engine that is not timed. */
  readonly expected: Float32Array;
  readonly rounds: number;
  readonly sampleMs: number;
  readonly onRound?: (round: number) => void;
}

/** The largest difference of outputs from the expected ones, over the largest of those; NaN where some are missing. */
export function differenceFrom(expected: ArrayLike<number>, got: ArrayLike<number>): number {
  let [most, scale] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const value = expected[i] as number;
    most = Math.max(most, Math.abs(value - (got[i] ?? Number.NaN)));
    scale = Math.max(scale, Math.abs(value));
  }
  return most / scale;
}

/** Times all engines in turns and compares the first with the others. Those whose outputs are not `expected` are named in `disagrees`. */
export async function compare(
  started: readonly Started[],
  { input, expected, rounds, sampleMs, onRound }: CompareOptions,
): Promise<Comparison> {
  const engines = started.map(({ engine }) => engine);
  const [first, ...peers] = engines as [Engine, ...Engine[]];
  const difference = Object.fromEntries(started.map(({ engine, firstOutput }) => [engine.name, differenceFrom(expected, firstOutput)]));
  let round = 0;
  const counting = (): Promise<unknown> => {
    onRound?.(round++);
    return first.run(input);
  };
  const candidates = engines.map((engine, i) => (i === 0 ? counting : () => engine.run(input)));
  const samples = await measure.interleave(candidates, { rounds, sampleMs });
  const of = <T>(make: (times: readonly number[]) => T): Record<string, T> =>
    Object.fromEntries(engines.map(({ name }, i) => [name, make(samples[i] as number[])]));
  const quartile = (times: readonly number[], share: number): number =>
    [...times].sort((a, b) => a - b)[Math.round(share * (times.length - 1))] as number;
  return {
    ms: of(measure.median),
    quartiles: of((times) => [quartile(times, 0.25), quartile(times, 0.75)] as const),
    firstMs: Object.fromEntries(started.map(({ engine, firstMs }) => [engine.name, firstMs])),
    difference,
    disagrees: engines.map(({ name }) => name).filter((name) => !((difference[name] as number) <= AGREES)),
    ratios: Object.fromEntries(
      peers.map(({ name }, i) => [name, measure.ratioInterval(samples[i + 1] as number[], samples[0] as number[])]),
    ),
    rounds,
  };
}
