/** 95 % intervals for what Swivel measures: ratios of times, and differences of accuracies on the same images. */

/** An estimate with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const Z = 1.959963984540054;

/** Of the normal distribution: 97.5 % and 90 %, for intervals of 95 % and of 80 %. */
const QUANTILES = { 0.95: Z, 0.8: 1.2815515655446004 } as const;

/**
 * Half the width of an interval of this level in standard errors, by Student's t with `freedom` degrees of freedom, which need not be whole. Exact for 1 and 2,
 * above that by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), which is within 0.3 % from 3 on; between 1 and 3 as for the whole number below.
 */
export function studentT(freedom: number, level: 0.95 | 0.8 = 0.95): number {
  if (freedom < 2) return Math.tan((Math.PI * level) / 2);
  if (freedom < 3) return level / Math.sqrt((1 - level ** 2) / 2);
  const z = QUANTILES[level];
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  const g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160;
  return z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3 + g4 / freedom ** 4;
}

/** Mean of at least two numbers, with a t interval. */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1);
  const half = studentT(n - 1) * Math.sqrt(variance / n);
  return { value: mean, low: mean - half, high: mean + half };
}

/** Geometric mean of a[i] / b[i] over pairs measured together, with a t interval on the logarithms. */
export function ratioInterval(a: readonly number[], b: readonly number[]): Interval {
  const { value, low, high } = meanInterval(a.map((x, i) => Math.log(x / (b[i] as number))));
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
}

/**
 * Difference of two shares of hits on the same images (a − b). The images are paired, so only those on which the two disagree count; for a few
 * thousand images the normal approximation serves.
 */
export function pairedDifference(a: Uint8Array, b: Uint8Array): Interval {
  const n = a.length;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    sum += d;
    squares += d * d;
  }
  const value = sum / n;
  const half = Z * Math.sqrt(Math.max(0, squares / n - value ** 2) / n);
  return { value, low: value - half, high: value + half };
}

/** The middle value, or the mean of both in the middle; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
