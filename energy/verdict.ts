/** The result in one sentence. Bounds are rounded outwards, so that no rounding claims more than the interval does. */
import type { Interval } from "../src/intervals.ts";
import type { ComparisonResult } from "./analyse.ts";
import type { Settings } from "./record.ts";
import type { SourceInfo } from "./source.ts";

export interface Basis {
  readonly status: "measured" | "failed";
  readonly problems: readonly string[];
  readonly comparisons: readonly ComparisonResult[];
  readonly source: Pick<SourceInfo, "id" | "headline">;
  readonly settings: Pick<Settings, "mode" | "rate">;
}

/** One sentence on the saving that claims no more than the intervals allow. */
export function verdictOf({ status, problems, comparisons, source, settings }: Basis): string {
  if (status === "failed") return `Not measured: ${problems[0]}${problems.length > 1 ? `; and ${problems.length - 1} more` : ""}.`;
  const { gross, net } = comparisons.find(({ name }) => name === "saving") as ComparisonResult;
  const how = settings.mode === "rate" ? `at ${settings.rate} inferences a second` : "one inference after the other";
  const parts = [gross && `${claim(gross)} in all`, net && `${claim(net)} above idle`].filter((part) => part !== undefined);
  return `Per inference, B needs ${parts.join(" and ")}, ${how}, as ${source.id} counts it on this device.`;
}

/** "18.2 % less energy than A (95 %: 16.1 … 20.3 % less)", or that there is no telling. */
export function claim(ratio: Interval): string {
  const { value, low, high } = ratio;
  if (![value, low, high].every(Number.isFinite)) return "an amount of energy that could not be told";
  if (high < 1)
    return `${digits(1 - value, Math.round)} % less energy than A (95 %: ${digits(1 - high, Math.floor)} … ${digits(1 - low, Math.ceil)} % less)`;
  if (low > 1)
    return `${digits(value - 1, Math.round)} % more energy than A (95 %: ${digits(low - 1, Math.floor)} … ${digits(high - 1, Math.ceil)} % more)`;
  return `no clearly different energy from A (95 %: ${digits(1 - low, Math.ceil)} % less … ${digits(high - 1, Math.ceil)} % more)`;
}

/** Percent to one decimal; what is not quite a multiple of 0.1 % because of binary fractions is taken as one. */
function digits(share: number, round: (x: number) => number): string {
  const tenths = 1000 * share;
  const near = Math.round(tenths);
  return ((Math.abs(tenths - near) < 1e-9 ? near : round(tenths)) / 10).toFixed(1);
}
