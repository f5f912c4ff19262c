/** Numbers as people read them on the page. Spaces inside do not break; a minus is a minus, not a hyphen. */
import type { Interval } from "../../../src/intervals.ts";
import * as terminal from "../../output.ts";

const tidy = (text: string): string => text.replaceAll(" ", "\u00a0").replace(/^-/, "−");

/** 52.4 % */
export const percent = (fraction: number, digits = 1): string => tidy(terminal.percent(fraction, digits));
/** For ticks, which are round numbers: 50 %, 52.5 % */
export const tickPercent = (fraction: number): string => tidy(`${Number((100 * fraction).toFixed(4))} %`);
/** 12,345 */
export const count = (value: number): string => tidy(terminal.count(value));
/** 105.4 kB */
export const kilobytes = (bytes: number): string => tidy(terminal.kilobytes(bytes));
/** 1.12 M */
export const short = (value: number): string => tidy(terminal.short(value));
/** Three significant digits: 0.0213, 1.76, 24.0, 1,240 */
export const significant = (value: number): string => {
  if (!Number.isFinite(value)) return String(value);
  const rounded = Number(value.toPrecision(3));
  const digits = rounded === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return tidy(rounded.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
};
export const milliseconds = (ms: number): string => `${significant(ms)}\u00a0ms`;
/** A slope, a threshold, a tick: as many decimals as it needs, four at most; two digits of what would vanish so. */
export const slope = (value: number): string => tidy(String(Number(Math.abs(value) < 0.001 ? value.toPrecision(2) : value.toFixed(4))));

const signed = (value: number, digits: number): string => {
  const text = value.toFixed(digits);
  return value > 0 ? `+${text}` : tidy(text);
};

/** A difference of accuracies in percentage points. */
export interface Points {
  /** Without a sign: 0.3 */
  readonly size: string;
  /** −0.3 */
  readonly value: string;
  /** −0.8 … +0.2 */
  readonly range: string;
}

/** One decimal, or two where one would round a bound to nothing and so hide on which side of zero it lies. */
export function points({ value, low, high }: Interval): Points {
  const inPoints = [value, low, high].map((fraction) => 100 * fraction) as [number, number, number];
  const digits = inPoints.some((x) => x !== 0 && Math.abs(x) < 0.05) ? 2 : 1;
  const [at, from, to] = inPoints.map((x) => signed(x, digits));
  return { size: Math.abs(inPoints[0]).toFixed(digits), value: at as string, range: `${from}\u00a0…\u00a0${to}` };
}

/** 1.69 … 1.84 */
export const range = ({ low, high }: Interval): string => `${low.toFixed(2)}\u00a0…\u00a0${high.toFixed(2)}`;

/** 2026-03-01T09:30:00.000Z → 2026-03-01 09:30 UTC; other texts as they are. */
export const day = (date: string): string => date.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, "$1\u00a0$2\u00a0UTC");

/** 3 min 12 s */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}\u00a0s` : `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
}
