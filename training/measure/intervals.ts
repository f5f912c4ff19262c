/** 95 % intervals for what Swivel measures: ratios of times, and differences of accuracies on the same images. */

/** An estimate with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const Z = 1.959963984540054;

/**
 * The 97.5 % quantile of Student's t. Exact for 1 and 2 degrees of freedom, above that by the Cornish-Fisher expansion
 * (Abramowitz and Stegun 26.7.5), which is within 0.3 % from 3 on.
 */
export function studentT(freedom: number): number {
  if (freedom <= 1) return 12.706204736432095;
  if (freedom <= 2) return 4.302652729911275;
  const g1 = (Z ** 3 + Z) / 4;
  const g2 = (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / 96;
  const g3 = (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / 384;
  const g4 = (79 * Z ** 9 + 776 * Z ** 7 + 1482 * Z ** 5 - 1920 * Z ** 3 - 945 * Z) / 92160;
  return Z + g1 / freedom + g2 / freedom ** 2 + g3 / freedom ** 3 + g4 / freedom ** 4;
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

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
