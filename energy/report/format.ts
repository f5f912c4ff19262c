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

/** Three significant digits with a prefix: 0.0123 J → "12.3 mJ"; rounded to the nearest unless told. */
export function withUnit(value: number, unit: string, round: (x: number) => number = Math.round): string {
  if (!Number.isFinite(value)) return `? ${unit}`;
  const size = Math.abs(value);
  const [factor, prefix] = PREFIXES.find(([factor]) => size >= factor) ?? (size === 0 ? [1, ""] : [1e-12, "p"]);
  const scaled = value / factor;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(scaled) || 1)) - 2);
  return `${Number((round(scaled / step) * step).toPrecision(3))}\u00a0${prefix}${unit}`.replace(/^-/, "−");
}

/** "46.6 mJ … 48.1 mJ": rounded outwards. */
export const reach = ({ low, high }: { readonly low: number; readonly high: number }, unit: string): string =>
  `${withUnit(low, unit, Math.floor)} … ${withUnit(high, unit, Math.ceil)}`;

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
