/** Numbers as people read them. A dash where there is none. */

export const DASH = "–";

const known = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

/** 0.8946 → 89.5 % */
export function percent(share: number | undefined, digits = 1): string {
  return known(share) ? `${(100 * share).toFixed(digits)} %` : DASH;
}

/** 1117056 → 1.12 M */
export function short(count: number | undefined): string {
  if (!known(count)) return DASH;
  for (const [size, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const)
    if (count >= size) return `${(count / size).toPrecision(3)} ${letter}`;
  return String(Math.round(count));
}

/** 220352 → 215 KB */
export function bytes(count: number | undefined): string {
  if (!known(count)) return DASH;
  return count < 1024 * 1000 ? `${Math.max(1, Math.round(count / 1024))} KB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

/** 0.05423 → 0.054 ms */
export function milliseconds(ms: number | undefined): string {
  if (!known(ms)) return DASH;
  return `${ms < 1 ? ms.toFixed(3) : ms.toPrecision(3)} ms`;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.max(1, Math.ceil(seconds))} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

/** +0.6 points */
export function points(share: number): string {
  const value = 100 * share;
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)} points`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export type Kind = "measured" | "estimated" | "unavailable";

export function setBadge(badge: Element, kind: Kind | undefined, why = ""): void {
  badge.textContent = kind ?? "";
  badge.setAttribute("title", why);
  if (kind) badge.setAttribute("data-kind", kind);
  else badge.removeAttribute("data-kind");
}
