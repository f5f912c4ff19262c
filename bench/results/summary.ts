/** From records to rows, and to what may be said of two arms: a difference counts only where it is larger than the spread over seeds. */
import { InputError } from "swivel-nn";
import type { Arm, Plan } from "./plans.ts";
import type { RunRecord } from "./record.ts";

export interface Spread {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** An arm over all its seeds. */
export interface Row {
  readonly arm: Arm;
  readonly records: readonly RunRecord[];
  readonly before: Spread;
  readonly after: Spread;
  readonly macs: Spread;
}

export interface Verdict {
  readonly arm: string;
  readonly other: string;
  /** Accuracy at the end, arm minus other, in means over seeds. */
  readonly difference: number;
  /** The larger of the two arms' ranges over seeds; undefined where one has a single seed. */
  readonly spread: number | undefined;
  readonly outcome: "better" | "worse" | "open" | "not comparable";
}

/** A sentence that somebody wants to say elsewhere. It stands only while the records carry it. */
export interface Claim {
  readonly text: string;
  readonly plan: string;
  readonly better: string;
  readonly than: string;
}

/** Multiply-adds that differ by more than this fraction are another size. */
const SAME_SIZE = 0.03;

export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, low: Math.min(...values), high: Math.max(...values) };
}

/** Arms that have been run, in the plan's order. */
export function rowsOf(plan: Plan, records: readonly RunRecord[]): Row[] {
  return plan.arms.flatMap((arm) => {
    const own = records.filter((record) => record.plan === plan.name && record.arm === arm.name).sort((a, b) => a.seed - b.seed);
    if (own.length === 0) return [];
    const over = (pick: (record: RunRecord) => number): Spread => spreadOf(own.map(pick));
    return [
      {
        arm,
        records: own,
        before: over((it) => it.before.accuracy),
        after: over((it) => it.after.accuracy),
        macs: over((it) => it.after.macs),
      },
    ];
  });
}

/** Throws nothing: what cannot be compared says so. Undefined where one of the two has not been run. */
export function verdictOf(rows: readonly Row[], name: string, otherName: string): Verdict | undefined {
  const [arm, other] = [name, otherName].map((each) => rows.find((row) => row.arm.name === each));
  if (!arm || !other) return undefined;
  const difference = arm.after.mean - other.after.mean;
  const range = ({ after }: Row): number => after.high - after.low;
  const known = arm.records.length > 1 && other.records.length > 1;
  const spread = known ? Math.max(range(arm), range(other)) : undefined;
  const size = Math.abs(arm.macs.mean / other.macs.mean - 1) <= SAME_SIZE;
  const beyond = spread !== undefined && Math.abs(difference) > spread;
  const outcome = !size ? "not comparable" : !beyond ? "open" : difference > 0 ? "better" : "worse";
  return { arm: name, other: otherName, difference, spread, outcome };
}

/** What is wrong with records and claims, one sentence each. */
export function problemsOf(plans: readonly Plan[], records: readonly RunRecord[], claims: readonly Claim[]): string[] {
  const problems: string[] = [];
  for (const record of records) {
    const name = `${record.plan}/${record.arm}, seed ${record.seed}`;
    const plan = plans.find((each) => each.name === record.plan);
    const arm = plan?.arms.find((each) => each.name === record.arm);
    if (!plan || !arm) problems.push(`${name}: no plan has such an arm; delete the record, or put the arm back`);
    else if (!sameJson(arm.recipe, record.recipe)) problems.push(`${name}: the arm's recipe is another now; run it again`);
    else if (record.data.train + record.data.validation !== plan.images.train || record.data.test !== plan.images.test)
      problems.push(`${name}: not all of the images were used; run it again`);
  }
  for (const claim of claims) {
    const plan = plans.find((each) => each.name === claim.plan);
    const verdict = plan && verdictOf(rowsOf(plan, records), claim.better, claim.than);
    if (!verdict) problems.push(`"${claim.text}": ${claim.plan} has no records of ${claim.better} and ${claim.than}`);
    else if (verdict.outcome !== "better") {
      const spread = verdict.spread === undefined ? "unknown, since there is a single seed" : points(verdict.spread);
      problems.push(
        `"${claim.text}": ${claim.better} minus ${claim.than} is ${points(verdict.difference)}, the spread over seeds ${spread}: ${verdict.outcome}`,
      );
    }
  }
  return problems;
}

/** Equal as JSON, whatever the order of keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, each]) => each !== undefined)
        .sort(([x], [y]) => (x < y ? -1 : 1))
        .map(([key, each]) => [key, sorted(each)]),
    );
  };
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** +0.31 points */
export const points = (fraction: number): string => `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(2)} points`;

/** Throws InputError E_FORMAT for a list that is none of claims. */
export function parseClaims(json: unknown): Claim[] {
  const keys = ["text", "plan", "better", "than"] as const;
  const sound = (claim: Record<string, unknown> | null): boolean =>
    typeof claim === "object" && claim !== null && keys.every((key) => typeof claim[key] === "string");
  if (!Array.isArray(json) || !json.every(sound))
    throw new InputError("E_FORMAT", `results/claims.json is no list of { ${keys.join(", ")} }, all of them text`);
  return json as Claim[];
}
