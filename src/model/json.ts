/** JSON from outside: parsing that refuses what `JSON.parse` lets pass, and checks of what came out. All throw ModelError, naming `what`. */
import { ModelError } from "../errors.ts";

/** A name as messages show it: quoted, escaped, cut to a bearable length. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}

/** Any JSON as messages show it. */
export function show(json: unknown): string {
  const all = JSON.stringify(json) ?? "undefined";
  return all.length > 80 ? `${all.slice(0, 77)}...` : all;
}

/** Characters of a name or word. */
const MAX_TEXT = 256;

/**
 * Parses `text`. Throws ModelError E_FORMAT where it is no JSON, nests deeper than `maxDepth`, names a key twice in one object (of which `JSON.parse`
 * keeps the last, other readers the first), or has a key that every JavaScript object inherits (`__proto__`, `constructor`, …).
 */
export function parseJson(text: string, what: string, maxDepth: number): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ModelError("E_FORMAT", `${what} is no valid JSON: ${(error as Error).message}`, { cause: error });
  }
  checkNesting(json, what, maxDepth);
  // what `JSON.stringify` writes names no key twice; looking through text takes longer than all of this
  if (JSON.stringify(json) !== text.trimEnd()) checkKeys(text, what);
  return json;
}

function checkNesting(json: unknown, what: string, maxDepth: number, depth = 1): void {
  if (typeof json !== "object" || json === null) return;
  if (depth > maxDepth) throw new ModelError("E_FORMAT", `${what} nests deeper than ${maxDepth} levels`);
  if (!Array.isArray(json)) {
    const reserved = Object.keys(json).find((key) => key in {});
    if (reserved !== undefined) throw new ModelError("E_FORMAT", `${what} has the key ${quote(reserved)}, which is reserved; rename it`);
  }
  for (const value of Object.values(json)) checkNesting(value, what, maxDepth, depth + 1);
}

/** `text` is valid JSON. */
function checkKeys(text: string, what: string): void {
  /** The keys of each open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{" || c === "[") {
      open.push(c === "{" ? new Set() : undefined);
    } else if (c === "}" || c === "]") {
      open.pop();
    } else if (c === '"') {
      const start = i;
      i = closingQuote(text, start);
      if (!isKey(text, i + 1)) continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) throw new ModelError("E_FORMAT", `${what} names ${quote(key)} twice in one object`);
      keys?.add(key);
    }
  }
}

/** Whether a colon follows after any white space. */
function isKey(text: string, from: number): boolean {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 32) i++;
  return text[i] === ":";
}

/** Index of the quote that ends the string which begins at `start`: the first with an even number of backslashes before it. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return end;
  }
}

/** An object with exactly these keys, of which those ending in "?" may be missing. */
export function record(json: unknown, what: string, keys: readonly string[]): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new ModelError("E_FORMAT", `${what} is no object`);
  for (const key of Object.keys(json)) {
    if (!keys.includes(key) && !keys.includes(`${key}?`)) throw new ModelError("E_FORMAT", `${what} has the unknown key ${quote(key)}`);
  }
  const missing = keys.find((key) => !key.endsWith("?") && !Object.hasOwn(json, key));
  if (missing !== undefined) throw new ModelError("E_FORMAT", `${what} has no ${missing}`);
  return json as Record<string, unknown>;
}

/** The entries of an object of any keys, of which there are at most `max`. */
export function entries(json: unknown, what: string, max: number): [string, unknown][] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new ModelError("E_FORMAT", `${what} is no object`);
  const all = Object.entries(json);
  if (all.length > max) throw new ModelError("E_TOO_LARGE", `${what} has ${all.length} entries; at most ${max} are read`);
  return all;
}

export function list(json: unknown, what: string, max: number): unknown[] {
  if (!Array.isArray(json)) throw new ModelError("E_FORMAT", `${what} is no list`);
  if (json.length > max) throw new ModelError("E_TOO_LARGE", `${what} has ${json.length} entries; at most ${max} are read`);
  return json;
}

/** Text without control characters, which could write over a terminal. */
export function text(json: unknown, what: string, max: number = MAX_TEXT): string {
  if (typeof json !== "string") throw new ModelError("E_FORMAT", `${what} is no text`);
  if (json.length > max) throw new ModelError("E_TOO_LARGE", `${what} has ${json.length} characters; at most ${max} are read`);
  if (/\p{Cc}/u.test(json)) throw new ModelError("E_FORMAT", `${what} ${quote(json)} has control characters`);
  return json;
}

/** One of a few words. */
export function oneOf<T extends string>(json: unknown, choices: readonly T[], what: string): T {
  if (choices.includes(json as T)) return json as T;
  throw new ModelError("E_FORMAT", `${what} is ${show(json)}; expected ${choices.join(" or ")}`);
}
