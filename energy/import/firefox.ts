/**
 * Power tracks of a Firefox profile, as the browser saves it or as profiler.firefox.com does. On Apple's chips each process counts its own energy; elsewhere
 * there are counters of the processor's package and of parts of it, or of a phone's rails. Counts are picowatt hours since the reading before.
 */
import { EnergyError } from "../../src/errors.ts";
import type { Channel } from "../source.ts";
import type { Imported } from "./imported.ts";

const JOULES_PER_PWH = 3600e-12;

interface Track {
  readonly id: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly t: number[];
  /** Picowatt hours since the first reading. */
  readonly total: number[];
}

type Json = Record<string, unknown>;

/** Throws EnergyError E_FORMAT for what is no profile, E_SOURCE where it has no power tracks. */
export function readFirefox(text: string): Imported {
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (error) {
    throw new EnergyError(
      "E_FORMAT",
      `the profile is no JSON: ${(error as Error).message}; save it uncompressed, or unpack it with gunzip`,
      { cause: error },
    );
  }
  if (!isObject(profile) || !isObject(profile.meta)) throw new EnergyError("E_FORMAT", "the file has no meta: it is no profile of Firefox");
  const tracks = [...profileTracks(profile, "0")];
  if (tracks.length === 0) {
    throw new EnergyError(
      "E_SOURCE",
      "the profile has no power tracks: record with the Power preset of about:profiling, on a system that has counters",
    );
  }
  const { headline, contains, covers } = choose(tracks);
  const channels = tracks.map(
    ({ id, name }): Channel => ({
      ...{ id, covers: name, contains: headline.includes(id) ? contains : [] },
      ...{ kind: "counter", unit: "pWh", scale: JOULES_PER_PWH, resolution: JOULES_PER_PWH },
    }),
  );
  const t = [...new Set(tracks.flatMap((track) => track.t))].sort((a, b) => a - b);
  const values = Object.fromEntries(tracks.map((track) => [track.id, resampled(track, t)]));
  return {
    source: {
      id: "firefox",
      covers,
      headline,
      channels,
      intervalMs: 0,
      notes: ["the profiler itself takes energy, the same for both networks"],
    },
    samples: { t, values, faults: [] },
    clock: "same device",
    batteryMustBeFull: false,
  };
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Processes are recorded by themselves, and gathered under the first; each has a start of its own. */
function* profileTracks(profile: Json, path: string): Generator<Track, void, void> {
  const start = isObject(profile.meta) ? profile.meta.startTime : undefined;
  if (typeof start !== "number") throw new EnergyError("E_FORMAT", "the profile does not say its meta.startTime");
  for (const [i, counter] of listOf(profile.counters).entries()) {
    if (!isObject(counter) || counter.category !== "power") continue;
    const name = String(counter.name ?? "power");
    const track = trackOf(counter, `${name} ${String(counter.pid ?? path)}.${i}`, name, start);
    if (track) yield track;
  }
  for (const [i, child] of listOf(profile.processes).entries()) if (isObject(child)) yield* profileTracks(child, `${path}/${i}`);
}

/** Three layouts: a table with a schema, the same within sample groups, and columns with times or steps of time. */
function trackOf(counter: Json, id: string, name: string, start: number): Track | undefined {
  const group = listOf(counter.sample_groups ?? counter.sampleGroups)[0];
  const samples = isObject(counter.samples) ? counter.samples : isObject(group) && isObject(group.samples) ? group.samples : undefined;
  const columns = samples && (isObject(samples.schema) ? fromTable(samples, samples.schema) : fromColumns(samples));
  if (!columns) throw new EnergyError("E_FORMAT", `the power track "${name}" has no samples of time and count`);
  let total = 0;
  const t: number[] = [];
  const sums: number[] = [];
  for (const [i, at] of columns.time.entries()) {
    const count = columns.count[i];
    if (typeof at !== "number" || typeof count !== "number" || !Number.isFinite(at + count)) continue;
    // the first count is that since the process or the machine started
    if (t.length > 0) total += count;
    t.push(start + at);
    sums.push(total);
  }
  return t.length > 1 ? { id, name, t, total: sums } : undefined;
}

interface Columns {
  readonly time: readonly unknown[];
  readonly count: readonly unknown[];
}

function fromTable(samples: Json, schema: Json): Columns | undefined {
  const { time, count } = schema;
  if (typeof time !== "number" || typeof count !== "number") return undefined;
  const rows = listOf(samples.data).map(listOf);
  return { time: rows.map((row) => row[time]), count: rows.map((row) => row[count]) };
}

function fromColumns({ time, timeDeltas, count }: Json): Columns | undefined {
  if (!Array.isArray(count)) return undefined;
  if (Array.isArray(time)) return { time, count };
  if (!Array.isArray(timeDeltas)) return undefined;
  let at = 0;
  return { time: timeDeltas.map((step) => (at += Number(step))), count };
}

/** Totals of a package hold its parts; processes, and rails of a phone, do not overlap. */
function choose(tracks: readonly Track[]): { headline: string[]; contains: string[]; covers: string } {
  const named = (pattern: RegExp): string[] => tracks.filter(({ name }) => pattern.test(name)).map(({ id }) => id);
  const processes = named(/^Process Power$/i);
  if (processes.length > 0)
    return {
      headline: processes,
      contains: [],
      covers: `what ${processes.length} processes of Firefox took of the processor's energy; not memory, screen or radios`,
    };
  const packages = named(/package|_PKG$/i);
  if (packages.length > 0) {
    const parts = named(/core|_PP[01]$|i?GPU$/i).filter((id) => !packages.includes(id));
    return {
      headline: packages,
      contains: packages.length === 1 ? parts : [],
      covers: "processor packages: cores, caches, memory controller, integrated GPU; not memory, screen or radios",
    };
  }
  return {
    headline: tracks.map(({ id }) => id),
    contains: [],
    covers: `${tracks.length} power tracks together: ${tracks.map(({ name }) => name).join(", ")}`,
  };
}

/** Unchanged readings are left out of profiles: null where this track has none. */
function resampled({ t, total }: Track, times: readonly number[]): (number | null)[] {
  const known = new Map(t.map((at, i) => [at, total[i] as number]));
  return times.map((at) => known.get(at) ?? null);
}
