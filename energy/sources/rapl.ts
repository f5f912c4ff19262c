/**
 * Running Average Power Limit, by Linux' powercap (Intel and AMD). Its zones nest: psys holds packages and memory, a package holds cores and uncore. One
 * total is the headline, and its parts are shown beside it: adding them up would count the same joules twice.
 */
import { EnergyError } from "../../src/errors.ts";
import { type Channel, type EnergySource, type Found, missing, type SourceListing, type SourceReader } from "../source.ts";
import { findZones, type Zone } from "./rapl_zones.ts";
import { integerOf, isForbidden, type Tree } from "./tree.ts";

const FAMILY = "rapl";
const MICRO = 1e-6;
/** The counters move about once a millisecond; ten readings a second cost the machine little. */
const INTERVAL_MS = 100;
const SHORTEST_MS = 5;
/** A package that states no limit is taken to draw no more than this, when it is decided how often to look. */
const LIKELY_WATTS = 250;

const isPackage = ({ name }: Zone): boolean => /^package/i.test(name);
const isPsys = ({ name }: Zone): boolean => /^psys/i.test(name);
const isMemory = ({ name }: Zone): boolean => /^dram/i.test(name);

const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/^psys/i, "the whole platform as the processor counts it: packages, memory and what the maker wired to it; not the screen"],
  [/^package/i, "a processor package: cores, caches, memory controller, integrated GPU; not memory, screen or radios"],
  [/^core$/i, "the processor's cores"],
  [/^uncore$/i, "what of the package is no core; on most, the integrated GPU"],
  [/^dram/i, "memory modules"],
];

const coversOf = ({ name }: Zone): string => MEANINGS.find(([pattern]) => pattern.test(name))?.[1] ?? `what the zone "${name}" counts`;

/** Zones whose energy is part of this one's. */
function containedIn(whole: Zone, zones: readonly Zone[]): string[] {
  const inside = (zone: Zone): boolean => {
    if (zone === whole || zone.repeats !== undefined) return false;
    // memory hangs below its package in the tree, but is no part of the package's energy
    if (isPsys(whole)) return isPackage(zone) || isMemory(zone) || zones.some((it) => isPackage(it) && it.zone === zone.parent);
    return zone.parent === whole.zone && !isMemory(zone);
  };
  return zones.filter(inside).map(({ id }) => id);
}

/** The zones whose sum is the figure: the platform, else all packages; whatever stands at the top where there is neither. */
function headlineOf(zones: readonly Zone[]): Zone[] {
  const all = zones.filter(({ repeats }) => repeats === undefined);
  const readable = all.filter(({ trouble }) => trouble === undefined);
  const own = readable.length > 0 ? readable : all;
  const psys = own.find(isPsys);
  if (psys) return [psys];
  const packages = own.filter(isPackage);
  if (packages.length > 0) return packages;
  const top = own.filter(({ parent }) => parent === undefined || !own.some(({ zone }) => zone === parent));
  return top.slice(0, 1);
}

function channelOf(zone: Zone, zones: readonly Zone[]): Channel {
  const { id, range, limit } = zone;
  const contains = containedIn(zone, zones);
  return {
    id,
    covers: coversOf(zone),
    contains,
    kind: "counter",
    unit: "µJ",
    scale: MICRO,
    resolution: MICRO,
    ...(range !== undefined && { range: range * MICRO }),
    // short peaks exceed the limits
    ...(limit !== undefined && { maxWatts: 2 * limit * MICRO }),
  };
}

/** So often that no counter comes half way round between two readings. */
function intervalFor(channels: readonly Channel[]): number {
  const halves = channels.map(({ range = Number.POSITIVE_INFINITY, maxWatts = LIKELY_WATTS }) => (1000 * range) / maxWatts / 4);
  return Math.max(SHORTEST_MS, Math.min(INTERVAL_MS, ...halves.map(Math.floor)));
}

function remedy(zones: readonly Zone[], root: string): string {
  const files = zones.filter(({ forbidden }) => forbidden).map(({ path }) => `${root}/${path}/energy_uj`);
  return `run \`sudo chmod a+r ${files.join(" ")}\` (until the next start), or this command with sudo`;
}

export async function findRapl(tree: Tree): Promise<Found> {
  const none = (reason: string): Found => missing(FAMILY, "processor packages and what is in them", "µJ", reason);
  let zones: Zone[];
  try {
    zones = await findZones(tree);
  } catch (error) {
    return none(`${tree.root}/class/powercap cannot be read: ${(error as Error).message}; run this command with sudo`);
  }
  if (zones.length === 0) {
    const why = `no energy counter under ${tree.root}/class/powercap`;
    return none(`${why}: not Linux, a virtual machine, or a kernel without powercap (try \`sudo modprobe intel_rapl_msr\`)`);
  }
  const headline = headlineOf(zones);
  const readable = zones.filter(({ trouble, repeats }) => trouble === undefined && repeats === undefined);
  const listings = zones.map((zone): SourceListing => listingOf(zone, zones, headline, tree.root));
  const sources = readable.map((zone) => sourceOf([zone], zones, tree));
  if (headline.length > 1 && readable.length > 0) {
    const sum = sourceOf(headline, zones, tree);
    listings.unshift({ id: sum.info.id, available: true, headline: true, covers: sum.info.covers, unit: "µJ" });
    sources.unshift(sum);
  } else {
    // the headline first
    sources.sort((a, b) => Number(b.info.headline[0] === headline[0]?.id) - Number(a.info.headline[0] === headline[0]?.id));
  }
  return { listings, sources };
}

function listingOf(zone: Zone, zones: readonly Zone[], headline: readonly Zone[], root: string): SourceListing {
  const { id, trouble, forbidden, repeats, range } = zone;
  const whole = zones.filter((it) => containedIn(it, zones).includes(id)).sort((a, b) => b.zone.length - a.zone.length)[0];
  const sum = headline.length > 1 && headline.includes(zone) ? idOf(headline) : undefined;
  const partOf = whole ? `${FAMILY}:${whole.id}` : sum;
  const why = (): string | undefined => {
    if (trouble !== undefined) return forbidden ? `${trouble}; ${remedy(zones, root)}` : trouble;
    if (repeats !== undefined) return `repeats ${FAMILY}:${repeats}, which is read instead`;
    if (isPsys(zone) && !headline.includes(zone)) return "a second count of the platform; the first is read instead";
    if (partOf === undefined && !headline.includes(zone)) return `no part of ${idOf(headline)}: shown beside it, never added`;
    return range === undefined ? "says no max_energy_range_uj: a block in which it goes round is lost" : undefined;
  };
  const reason = why();
  return {
    id: `${FAMILY}:${id}`,
    available: trouble === undefined && repeats === undefined,
    headline: headline.length === 1 && headline[0] === zone,
    covers: coversOf(zone),
    unit: "µJ",
    ...(reason !== undefined && { reason }),
    ...(partOf !== undefined && { partOf }),
    resolution: MICRO,
    ...(range !== undefined && { range: range * MICRO }),
  };
}

const idOf = (zones: readonly Zone[]): string => `${FAMILY}:${zones.map(({ id }) => id).join("+")}`;

/** Reads the headline, and beside it every other zone that can be read. */
function sourceOf(headline: readonly Zone[], zones: readonly Zone[], tree: Tree): EnergySource {
  const others = zones.filter((zone) => zone.trouble === undefined && zone.repeats === undefined && !headline.includes(zone));
  const read = [...headline, ...others];
  const channels = read.map((zone) => channelOf(zone, read));
  const lost = zones.filter((zone) => isPackage(zone) && zone.trouble !== undefined && isPackage(headline[0] as Zone));
  const covers = headline.length === 1 ? coversOf(headline[0] as Zone) : `${headline.length} times ${coversOf(headline[0] as Zone)}`;
  return {
    info: {
      id: idOf(headline),
      covers,
      headline: headline.map(({ id }) => id),
      channels,
      intervalMs: intervalFor(channels),
      notes: [
        "RAPL counts what the processor's own sensors or models say; some generations model instead of measuring",
        ...lost.map(({ id, trouble }) => `${id} is missing in it: ${trouble}`),
      ],
    },
    open: async () => readerOf(read, headline.length, tree),
  };
}

/** So many readings in a row without a number, and the counter is gone; a single one may have met a file that was being written. */
const PATIENCE = 20;

/** Where a zone fails, its readings are null; where one of the headline's goes on failing, there is nothing left to measure. */
function readerOf(zones: readonly Zone[], needed: number, tree: Tree): SourceReader {
  const failures = zones.map(() => 0);
  const read = async ({ path }: Zone, index: number): Promise<number | null> => {
    const file = `${path}/energy_uj`;
    let trouble = `${tree.root}/${file} holds no number of microjoules any more`;
    try {
      const value = integerOf(await tree.text(file));
      if (value !== undefined && value >= 0) {
        failures[index] = 0;
        return value;
      }
    } catch (error) {
      trouble = `${tree.root}/${file} cannot be read any more: ${(error as Error).message}`;
      if (index < needed && isForbidden(error)) throw new EnergyError("E_PERMISSION", trouble, { cause: error });
    }
    failures[index] = (failures[index] ?? 0) + 1;
    if (index < needed && (failures[index] as number) >= PATIENCE) throw new EnergyError("E_SOURCE", trouble);
    return null;
  };
  return { read: async () => ({ values: await Promise.all(zones.map(read)) }), close: async () => {} };
}
