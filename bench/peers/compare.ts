/** Runs one network on several engines in turns, after making sure that they agree. In a page; knows nothing of how it is shown. */
import { measure } from "swivel-nn/training";

export interface Engine {
  readonly name: string;
  /** One inference, from numbers to numbers. */
  run(input: Float32Array): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** An engine and how long it took from its files in memory to the first result, in milliseconds. */
export interface Started {
  readonly engine: Engine;
  readonly firstMs: number;
}

export interface Comparison {
  readonly ms: Readonly<Record<string, number>>;
  /** The quarter of the samples below and above the median lie between these. */
  readonly quartiles: Readonly<Record<string, readonly [number, number]>>;
  readonly firstMs: Readonly<Record<string, number>>;
  /** The largest difference from the first engine's outputs, over the largest output. */
  readonly difference: Readonly<Record<string, number>>;
  /** Peers whose outputs are those of another network: a fault of theirs on this adapter, or of ours. They are not timed. */
  readonly disagrees: readonly string[];
  /** Peers' time over the first engine's, pair by pair. */
  readonly ratios: Readonly<Record<string, measure.Interval>>;
  readonly rounds: number;
}

/** Outputs further apart than this mean that the engines do not compute the same network. */
const AGREES = 1e-3;

export interface CompareOptions {
  readonly input: Float32Array;
  readonly rounds: number;
  readonly sampleMs: number;
  readonly onRound?: (round: number) => void;
}

/** The first engine is compared with those of the others that compute the same; those that do not are left out, and named in `disagrees`. */
export async function compare(started: readonly Started[], { input, rounds, sampleMs, onRound }: CompareOptions): Promise<Comparison> {
  const [first, ...others] = started.map(({ engine }) => engine) as [Engine, ...Engine[]];
  const want = await first.run(input);
  const scale = Math.max(...want.map(Math.abs));
  const difference: Record<string, number> = {};
  for (const peer of others) {
    const got = await peer.run(input);
    difference[peer.name] = Math.max(...want.map((value, i) => Math.abs(value - (got[i] ?? Number.NaN)))) / scale;
  }
  const peers = others.filter(({ name }) => (difference[name] as number) <= AGREES);
  const engines = [first, ...peers];
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
    disagrees: others.filter((peer) => !peers.includes(peer)).map(({ name }) => name),
    ratios: Object.fromEntries(
      peers.map(({ name }, i) => [name, measure.ratioInterval(samples[i + 1] as number[], samples[0] as number[])]),
    ),
    rounds,
  };
}
