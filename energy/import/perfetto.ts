/** Power rails of a Perfetto trace, as Pixels record them with the data source `android.power`: energies since the phone started, rail by rail. */
import { EnergyError, InputError } from "../../src/errors.ts";
import type { Channel } from "../source.ts";
import type { Imported } from "./imported.ts";
import { bytesOf, fieldsOf, numberOf, textOf } from "./protobuf.ts";

/** Numbers of fields, by message. */
const TRACE = { packet: 1 } as const;
const PACKET = { clockSnapshot: 6, timestamp: 8, powerRails: 40, compressed: 50 } as const;
const SNAPSHOT = { clock: 1 } as const;
const CLOCK = { id: 1, timestamp: 2 } as const;
const RAILS = { descriptor: 1, data: 2 } as const;
const DESCRIPTOR = { index: 1, name: 2, subsystem: 3 } as const;
const DATA = { index: 1, milliseconds: 2, energy: 3 } as const;
const REALTIME = 1;
const BOOTTIME = 6;

/** Rails that computing takes: processor clusters, GPU, neural unit, memory. Low-drop regulators (L…) hang behind other rails and would count twice. */
const COMPUTE = /cpu|gpu|g3d|tpu|npu|mif|ddr|dram|memory|_int(_|$)/i;
const BEHIND_ANOTHER = /^L\d+[SM]_/;
/** Packets within packets do not nest further than one. */
const MAX_DEPTH = 2;
/** Once unpacked. */
const MAX_UNPACKED = 2 ** 31;

/** Which power rails of a trace count. */
export interface PerfettoOptions {
  /** Rails whose sum is the figure; those that computing takes unless given. */
  readonly rails?: RegExp;
}

interface Rail {
  readonly name: string;
  readonly subsystem: string;
  readonly points: Map<number, number>;
}

/**
 * Takes traces as the phone writes them, gzipped or not. Throws EnergyError E_FORMAT, E_TRUNCATED, E_TOO_LARGE, E_SOURCE where there are no rails in it, and
 * InputError E_OPTION where none has a name that was asked for.
 */
export async function readPerfetto(file: Uint8Array, { rails: wanted }: PerfettoOptions = {}): Promise<Imported> {
  const reader = new TraceReader();
  await reader.read(isGzip(file) ? await unpack(file, "gzip") : file, 0);
  const rails = [...reader.rails.values()].filter(({ points }) => points.size > 1);
  if (rails.length === 0) {
    throw new EnergyError(
      "E_SOURCE",
      "the trace has no power rails: record with the data source android.power and collect_power_rails, on a phone that has them (Pixel 6 and later)",
    );
  }
  const ids = uniqueNames(rails);
  const chosen = choose(rails, ids, wanted);
  const channels = rails.map(
    ({ name, subsystem }, i): Channel => ({
      ...{ id: ids[i] as string, covers: `what the rail ${name}${subsystem ? ` (${subsystem})` : ""} gives`, contains: [] },
      ...{ kind: "counter", unit: "µWs", scale: 1e-6, resolution: 1e-6 },
    }),
  );
  const t = [...new Set(rails.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
  const values = Object.fromEntries(rails.map(({ points }, i) => [ids[i] as string, t.map((at) => points.get(at) ?? null)]));
  const offset = reader.realtimeOffset;
  const covers = `${chosen.length} power rails of the phone: ${chosen.join(", ")}; nothing else of it`;
  return {
    source: {
      id: "perfetto",
      covers,
      headline: chosen,
      channels,
      intervalMs: 0,
      notes: ["rails are measured behind the battery: what regulators lose before them is not in it"],
    },
    samples: { t: t.map((at) => at + (offset ?? 0)), values, faults: [] },
    clock: offset === undefined ? "none" : "same device",
    batteryMustBeFull: false,
  };
}

function uniqueNames(rails: readonly Rail[]): string[] {
  const names = rails.map(({ name }) => name);
  return names.map((name, i) => (names.indexOf(name) === i ? name : `${name}#${i}`));
}

function choose(rails: readonly Rail[], ids: readonly string[], wanted: RegExp | undefined): string[] {
  const matches = (rail: Rail, pattern: RegExp): boolean => pattern.test(rail.name) || pattern.test(rail.subsystem);
  if (wanted) {
    const chosen = ids.filter((_, i) => matches(rails[i] as Rail, wanted));
    if (chosen.length === 0)
      throw new InputError(
        "E_OPTION",
        `no rail is like ${wanted}; there are ${rails.map(({ name, subsystem }) => `${name} (${subsystem})`).join(", ")}`,
      );
    return chosen;
  }
  const compute = ids.filter((_, i) => matches(rails[i] as Rail, COMPUTE) && !BEHIND_ANOTHER.test((rails[i] as Rail).name));
  return compute.length > 0 ? compute : ids.filter((id) => !BEHIND_ANOTHER.test(id));
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Stops at the limit, whatever the bytes would become. */
async function unpack(bytes: Uint8Array, format: "gzip" | "deflate", room = MAX_UNPACKED): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(format));
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (const reader = stream.getReader(); ; ) {
      const { value, done } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > room) throw new EnergyError("E_TOO_LARGE", "the trace unpacks to more than 2 GiB; record fewer data sources");
      parts.push(value);
    }
  } catch (error) {
    if (error instanceof EnergyError) throw error;
    throw new EnergyError("E_FORMAT", `a packed part of the trace cannot be unpacked: ${(error as Error).message}`, { cause: error });
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class TraceReader {
  readonly rails = new Map<string, Rail>();
  /** Milliseconds from the phone's start to 1970, the first snapshot's. */
  realtimeOffset: number | undefined;
  #unpacked = 0;

  async read(trace: Uint8Array, depth: number): Promise<void> {
    for (const { number, value } of fieldsOf(trace)) {
      if (number !== TRACE.packet || typeof value === "number") continue;
      const packed = this.#packet(value);
      if (packed === undefined || depth >= MAX_DEPTH) continue;
      const bytes = await unpack(packed, "deflate", MAX_UNPACKED - this.#unpacked);
      this.#unpacked += bytes.length;
      await this.read(bytes, depth + 1);
    }
  }

  /** Returns packed packets, where it holds some. */
  #packet(packet: Uint8Array): Uint8Array | undefined {
    let stamp = Number.NaN;
    const rails: Uint8Array[] = [];
    for (const { number, value } of fieldsOf(packet)) {
      if (number === PACKET.compressed) return bytesOf(value);
      if (number === PACKET.timestamp) stamp = numberOf(value) / 1e6;
      if (number === PACKET.clockSnapshot) this.#snapshot(bytesOf(value));
      if (number === PACKET.powerRails) rails.push(bytesOf(value));
    }
    for (const message of rails) this.#powerRails(message, stamp);
    return undefined;
  }

  #snapshot(message: Uint8Array): void {
    const clocks = new Map<number, number>();
    for (const field of fieldsOf(message)) {
      if (field.number !== SNAPSHOT.clock) continue;
      const { [CLOCK.id]: id, [CLOCK.timestamp]: at } = numbersOf(bytesOf(field.value));
      if (id !== undefined && at !== undefined) clocks.set(id, at / 1e6);
    }
    const [real, boot] = [clocks.get(REALTIME), clocks.get(BOOTTIME)];
    if (real !== undefined && boot !== undefined) this.realtimeOffset ??= real - boot;
  }

  #powerRails(message: Uint8Array, stamp: number): void {
    for (const { number, value } of fieldsOf(message)) {
      if (number === RAILS.descriptor) {
        let [index, name, subsystem] = [0, "", ""];
        for (const part of fieldsOf(bytesOf(value))) {
          if (part.number === DESCRIPTOR.index) index = numberOf(part.value);
          if (part.number === DESCRIPTOR.name) name = textOf(part.value);
          if (part.number === DESCRIPTOR.subsystem) subsystem = textOf(part.value);
        }
        const known = this.rails.get(String(index));
        this.rails.set(String(index), { name: name || `rail ${index}`, subsystem, points: known?.points ?? new Map() });
      } else if (number === RAILS.data) {
        const { [DATA.index]: index = 0, [DATA.milliseconds]: at = stamp, [DATA.energy]: energy } = numbersOf(bytesOf(value));
        if (energy === undefined || !Number.isFinite(at)) continue;
        const rail = this.rails.get(String(index)) ?? { name: `rail ${index}`, subsystem: "", points: new Map<number, number>() };
        rail.points.set(at, energy);
        this.rails.set(String(index), rail);
      }
    }
  }
}

/** The numbers of a message, by field; the last of each. */
function numbersOf(message: Uint8Array): Record<number, number> {
  const numbers: Record<number, number> = {};
  for (const { number, value } of fieldsOf(message)) if (typeof value === "number") numbers[number] = value;
  return numbers;
}
