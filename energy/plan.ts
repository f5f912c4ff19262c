/** How many pairs a saving needs to be seen, at a noise that was measured. */
import { InputError } from "../src/errors.ts";
import { studentT } from "../src/intervals.ts";
import { type Analysis, MIN_PAIRS } from "./analyse.ts";

/** How far ratios of blocks scatter here. */
export interface Noise {
  /** Standard deviation of a block's logarithm of the ratio. */
  readonly deviation: number;
  /** Blocks from which it was estimated, less one for each comparison among them. */
  readonly freedom: number;
}

/** How many pairs a saving needs to be found. */
export interface Plan {
  /** A fraction: 0.1 is 10 % less energy. */
  readonly saving: number;
  /** Pairs with which nine of ten measurements find it: their interval leaves 1 out. */
  readonly pairs: number;
  /** The same if the noise is what was measured and no more; `pairs` allows for its being larger, as one in five is. */
  readonly atMeasuredNoise: number;
}

/** What chance makes of a noise that was measured in few blocks: exceeded by one in five (Wilson and Hilferty's χ²). */
const Z_20 = -0.8416212335729143;

/** Never reached by measurements that anybody would run. */
const MOST_BLOCKS = 1_000_000;

/** Throws InputError E_OPTION for a saving that is none. */
export function planPairs(saving: number, { deviation, freedom }: Noise): Plan {
  if (!(saving > 0 && saving < 1))
    throw new InputError("E_OPTION", `the saving is ${saving}; give a fraction above 0 and below 1, such as 0.1`);
  if (!(freedom >= 1 && deviation >= 0)) throw new InputError("E_OPTION", "the noise is not known: it takes two blocks at least");
  const part = 2 / (9 * freedom);
  const chi2 = freedom * Math.max(1e-3, 1 - part + Z_20 * Math.sqrt(part)) ** 3;
  const effect = -Math.log(1 - saving);
  return { saving, pairs: pairsFor(effect, deviation * Math.sqrt(freedom / chi2)), atMeasuredNoise: pairsFor(effect, deviation) };
}

/** So many that the interval's half width and a one in ten bad luck together are no more than the effect. */
function pairsFor(effect: number, deviation: number): number {
  const enough = (blocks: number): boolean => {
    return (studentT(blocks - 1) + studentT(blocks - 1, 0.8)) * deviation <= effect * Math.sqrt(blocks);
  };
  let blocks = MIN_PAIRS / 2;
  while (blocks < MOST_BLOCKS && !enough(blocks)) blocks++;
  return 2 * blocks;
}

/** The noise of all comparisons of a measurement together; undefined where there were too few blocks. */
export function noiseOf({ comparisons }: Pick<Analysis, "comparisons">, of: "gross" | "net"): Noise | undefined {
  let [sum, freedom] = [0, 0];
  for (const { blocks, noise } of comparisons) {
    const deviation = noise?.[of];
    if (deviation === undefined || blocks < 2) continue;
    sum += (blocks - 1) * deviation ** 2;
    freedom += blocks - 1;
  }
  return freedom > 0 ? { deviation: Math.sqrt(sum / freedom), freedom } : undefined;
}
