/** Survivors that somebody else chose, from a JSON file. */
import { InputError } from "../src/errors.ts";
import type { Graph } from "../src/graph/graph.ts";
import { parseJson, quote, show } from "../src/model/json.ts";
import { readSource } from "../src/source.ts";
import { type Scores, type Survivors, sitesOf } from "../training/prune/index.ts";
import { naming } from "./files.ts";

/** Activation → how many of its channels survive, or for each of them whether it does. */
type Wanted = Readonly<Record<string, number | readonly boolean[]>>;

const MAX_DEPTH = 6;
const FORMS =
  'expected {"relu1": [1, 0, …], …}, {"relu1": 12, …}, or the number of survivors of each activation in order, alone or as "alive" of an entry that #NAME names';

/**
 * Reads `FILE` or `FILE#NAME`: flags or counts by the names of activations, or counts in the order of the forward pass, after which the number of
 * classes may follow. Activations that are not named keep all. Throws InputError E_INPUT for anything else, naming the file, and what `readSource` throws.
 */
export async function readSurvivors(from: string, graph: Graph): Promise<Wanted> {
  const [path = "", name] = from.split(/#(.*)/s);
  const bytes = await readSource(path, {});
  return naming(path, () => {
    const json = parseJson(new TextDecoder().decode(bytes), "it", MAX_DEPTH);
    const entry = name === undefined ? json : entryOf(json, name);
    const list = isRecord(entry) && Array.isArray(entry.alive) ? entry.alive : entry;
    if (Array.isArray(list)) return inOrder(list, graph);
    if (!isRecord(list)) throw new InputError("E_INPUT", `${show(list)} are no survivors; ${FORMS}`);
    return Object.fromEntries(Object.entries(list).map(([site, value]) => [site, oneOf(site, value, graph)]));
  });
}

const isRecord = (json: unknown): json is Record<string, unknown> => typeof json === "object" && json !== null && !Array.isArray(json);

function entryOf(json: unknown, name: string): unknown {
  if (isRecord(json) && Object.hasOwn(json, name)) return json[name];
  throw new InputError("E_INPUT", `there is no entry ${quote(name)}; there are ${isRecord(json) ? Object.keys(json).join(", ") : "none"}`);
}

function inOrder(list: readonly unknown[], graph: Graph): Wanted {
  const sites = sitesOf(graph);
  if (list.length !== sites.length && list.length !== sites.length + 1)
    throw new InputError("E_INPUT", `it has ${list.length} numbers, the network ${sites.length} activations; give one for each`);
  return Object.fromEntries(sites.map(({ name }, i) => [name, oneOf(name, list[i], graph)]));
}

function oneOf(name: string, value: unknown, graph: Graph): number | boolean[] {
  const sites = sitesOf(graph);
  const site = sites.find((candidate) => candidate.name === name);
  if (!site)
    throw new InputError(
      "E_INPUT",
      `${quote(name)} is no activation of the network; it has ${sites.map((s) => s.name).join(", ") || "none"}`,
    );
  const { channels } = site;
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= channels) return value as number;
  if (Array.isArray(value) && value.length === channels && value.every((flag) => [0, 1, true, false].includes(flag)))
    return value.map(Boolean);
  throw new InputError("E_INPUT", `${quote(name)} has ${channels} channels, and the file says ${show(value)}; ${FORMS}`);
}

/** Flags as they are; of counts the channels with the best scores. Throws InputError E_INPUT where there are no scores to choose by. */
export function survivorsOf(wanted: Wanted, graph: Graph, { criterion, sites, skipped }: Scores): Survivors {
  const channels = new Map(sitesOf(graph).map((site) => [site.name, site.channels]));
  return Object.fromEntries(
    Object.entries(wanted).map(([site, value]) => {
      if (typeof value !== "number") return [site, value];
      const all = channels.get(site) as number;
      const scores = sites[site];
      if (!scores && value < all) {
        const why = skipped[site] ?? "it has no scores";
        throw new InputError(
          "E_INPUT",
          `${value} of the ${all} channels of "${site}" are to survive, and ${criterion} cannot say which: ${why}`,
        );
      }
      const order = Array.from({ length: all }, (_, c) => c).sort((a, b) => (scores?.[b] ?? 0) - (scores?.[a] ?? 0));
      const best = new Set(order.slice(0, value));
      return [site, Array.from({ length: all }, (_, c) => best.has(c))];
    }),
  );
}
