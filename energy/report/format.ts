/** Numbers as people read them. */

const PREFIXES: readonly (readonly [number, string])[] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
  [1, ""],
  [1e-3, "m"],
  [1e-6, "µ"],
  [1e-9, "n"],
  [1e-12, "p"],
];

/** Three significant digits with a prefix: 0.0123 J → "12.3 mJ". */
export function withUnit(value: number, unit: string): string {
  if (!Number.isFinite(value)) return `? ${unit}`;
  const size = Math.abs(value);
  const [factor, prefix] = PREFIXES.find(([factor]) => size >= factor * 0.9995) ?? (size === 0 ? [1, ""] : [1e-12, "p"]);
  return `${Number((value / factor).toPrecision(3))}\u00a0${prefix}${unit}`.replace(/^-/, "−");
}

/** "0.79 … 0.83": bounds rounded outwards, so that rounding claims nothing. */
export function bounds({ low, high }: { readonly low: number; readonly high: number }, digits = 3): string {
  const factor = 10 ** digits;
  return `${(Math.floor(low * factor) / factor).toFixed(digits)}\u00a0…\u00a0${(Math.ceil(high * factor) / factor).toFixed(digits)}`;
}

export const times = (value: number, digits = 3): string => value.toFixed(digits);

/** "12:05 min" */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)} h` : `${minutes}:${two(rest)} min`;
}
