/** A picture of what is left of each layer: bars on the terminal, and the numbers that a model file carries along. */
import type { Graph, Tensors } from "../src/graph/graph.ts";
import type { Model } from "../src/model/model.ts";
import { sitesOf } from "../training/prune/index.ts";
import { count, plural } from "./output.ts";

/** Channels of an activation that are left, of how many there once were. */
export interface Left {
  readonly name: string;
  readonly left: number;
  readonly of: number;
}

/** Where a model's `info` has them, as JSON: name → [left, of]. */
export const INFO_KEY = "channels left";
/** What an entry of `info` may hold. */
const MAX_TEXT = 65_536;

const WIDTH = 24;

/** One line for each layer that has lost something, and how many have not. */
export function bars(layers: readonly Left[]): string[] {
  const cut = layers.filter(({ left, of }) => left < of);
  const widest = (cell: (layer: Left) => string): number => cut.reduce((most, layer) => Math.max(most, cell(layer).length), 0);
  const [names, lefts, alls] = [widest(({ name }) => name), widest(({ left }) => count(left)), widest(({ of }) => count(of))] as const;
  const lines = cut.map(({ name, left, of }) => {
    // neither nothing nor everything may look like what it is not
    const full = left === 0 ? 0 : Math.min(WIDTH - 1, Math.max(1, Math.round((WIDTH * left) / of)));
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    return `${name.padEnd(names)}  ${bar}  ${count(left).padStart(lefts)} of ${count(of).padStart(alls)}`;
  });
  const whole = layers.length - cut.length;
  if (whole === 0) return lines;
  return [
    ...lines,
    cut.length === 0 ? `all channels of ${plural(whole, "activation")} are left` : `${plural(whole, "other activation")} whole`,
  ];
}

/** What is left of each activation: by the model's own record where it was cut, else by slopes, of which those up to `threshold` count as dead. */
export function leftOf({ graph, tensors, info }: Model, threshold = 0): Left[] {
  const record = readRecord(info?.[INFO_KEY]);
  const here = new Map(aliveHere(graph, tensors, threshold).map((layer) => [layer.name, layer]));
  if (!record) return [...here.values()];
  const known = new Set(record.map(({ name }) => name));
  const cut = record.map(({ name, left, of }) => ({ name, of, left: Math.min(left, here.get(name)?.left ?? left) }));
  return [...cut, ...[...here.values()].filter(({ name }) => !known.has(name))];
}

function aliveHere(graph: Graph, tensors: Tensors, threshold: number): Left[] {
  return sitesOf(graph).map(({ name, channels, slope }) => {
    const slopes = slope === undefined ? undefined : tensors[slope];
    const left = slopes ? Array.from(slopes as ArrayLike<number>).filter((b) => Math.abs(b) > threshold).length : channels;
    return { name, left, of: channels };
  });
}

/** The model with a record of what is left; `before` is the network that was cut. */
export function recorded(model: Model, before: Model, stored: readonly { readonly name: string; readonly stored: number }[]): Model {
  const now = new Map(stored.map((site) => [site.name, site.stored]));
  const layers = leftOf({ ...before, tensors: {} }).map(({ name, left, of }) => [name, [now.get(name) ?? Math.min(left, of), of]]);
  const text = JSON.stringify(Object.fromEntries(layers));
  return text.length > MAX_TEXT ? model : { ...model, info: { ...model.info, [INFO_KEY]: text } };
}

/** Undefined where there is none, or somebody else's. */
function readRecord(text: string | undefined): Left[] | undefined {
  if (text === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    const entries = Object.entries(json as Record<string, unknown>);
    const layers = entries.map(([name, pair]) => {
      const [left, of] = pair as unknown[];
      if (!Number.isInteger(left) || !Number.isInteger(of)) throw new TypeError("no numbers of channels");
      return { name, left: left as number, of: of as number };
    });
    return layers.length > 0 ? layers : undefined;
  } catch {
    return undefined;
  }
}
