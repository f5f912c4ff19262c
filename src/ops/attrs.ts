/** Makers of attribute specifications: what a node's attributes may be, checked in one place. */
import type { AttrSpec } from "../graph/op.ts";

const isInt = (value: unknown, min: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= 0x7fffffff;

/** An integer of `min` or more. Without a default it must be given. */
export function int(min: number, fallback?: number): AttrSpec<number> {
  return { expects: `an integer of ${min} or more`, default: fallback, read: (value) => (isInt(value, min) ? value : undefined) };
}

/** `count` integers of `min` or more (any number of them if `count` is undefined). */
export function ints(count: number | undefined, min: number, fallback?: readonly number[]): AttrSpec<readonly number[]> {
  return {
    expects: `${count ?? "a list of"} integers of ${min} or more`,
    default: fallback,
    read: (value) =>
      Array.isArray(value) && (count === undefined || value.length === count) && value.every((item) => isInt(item, min))
        ? (value as readonly number[])
        : undefined,
  };
}

/** A finite number of `min` or more. */
export function float(min: number, fallback?: number): AttrSpec<number> {
  return {
    expects: Number.isFinite(min) ? `a finite number of ${min} or more` : "a finite number",
    default: fallback,
    read: (value) => (typeof value === "number" && Number.isFinite(value) && value >= min ? value : undefined),
  };
}

export function flag(fallback: boolean): AttrSpec<boolean> {
  return { expects: "true or false", default: fallback, read: (value) => (typeof value === "boolean" ? value : undefined) };
}

export function choice<const T extends readonly string[]>(options: T, fallback?: T[number]): AttrSpec<T[number]> {
  return {
    expects: `one of ${options.join(", ")}`,
    default: fallback,
    read: (value) => (typeof value === "string" && options.includes(value) ? (value as T[number]) : undefined),
  };
}
