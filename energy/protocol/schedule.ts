/** In which order windows are run: blocks A B B A and B A A B, as many of each, shuffled by a seed together with those of the other comparisons. */
import { Random } from "../../src/random.ts";
import { type ArmName, COMPARISONS, type ComparisonName, type Settings } from "../record.ts";

/** One window: which arm, in which pair of which comparison. */
export interface Slot {
  readonly comparison: ComparisonName;
  readonly block: number;
  readonly position: number;
  readonly arm: ArmName;
}

type Counts = Pick<Settings, "pairs" | "nullPairs" | "controlPairs" | "seed">;

/** The order of all windows: blocks A B B A or B A A B, drawn from the seed, the comparisons mixed. */
export function scheduleOf({ pairs, nullPairs, controlPairs, seed }: Counts): Slot[] {
  const random = new Random(`energy ${seed}`);
  const kinds: { comparison: ComparisonName; turned: boolean }[] = [];
  for (const [comparison, count] of [
    ["saving", pairs],
    ["null", nullPairs],
    ["control", controlPairs],
  ] as const) {
    const blocks = count / 2;
    // of an odd number chance decides which order has one more
    const more = random.int(2);
    for (let i = 0; i < blocks; i++) kinds.push({ comparison, turned: (i + more) % 2 === 1 });
  }
  const order = random.shuffle(Int32Array.from(kinds, (_, i) => i));
  return [...order].flatMap((index, block) => {
    const { comparison, turned } = kinds[index] as (typeof kinds)[number];
    const [first, second] = turned ? [...COMPARISONS[comparison]].reverse() : COMPARISONS[comparison];
    const arms = [first, second, second, first] as ArmName[];
    return arms.map((arm, position) => ({ comparison, block, position, arm }));
  });
}
