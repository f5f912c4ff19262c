/**
 * Batteries of laptops and phones (power_supply). The sign of their current differs from driver to driver, so that `status` says which way it flows; with a
 * charger connected, nothing that they say is what the device draws.
 */
import { EnergyError } from "../../src/errors.ts";
import { type Channel, type EnergySource, type Found, missing, type Reading, type SourceListing, type SourceReader } from "../source.ts";
import { type Battery, connectedChargers, FOLDER, findBatteries } from "./battery_supply.ts";
import { integerAt, type Tree, textOr } from "./tree.ts";

const FAMILY = "battery";
const COVERS = "the whole device: processor, memory, screen, radios and everything else";
const MICRO = 1e-6;
const JOULES_PER_WH = 3600;
/** Fuel gauges look about once a second, some twice a minute. */
const INTERVAL_MS = 500;

interface Way {
  readonly kind: Channel["kind"];
  readonly unit: string;
  readonly scale: number;
  readonly resolution?: number;
}

const WAYS: Readonly<Record<NonNullable<Battery["way"]>, Way>> = {
  power_now: { kind: "power", unit: "µW", scale: MICRO },
  current_now: { kind: "power", unit: "W (current_now × voltage_now)", scale: 1 },
  energy_now: { kind: "counter", unit: "µWh", scale: -JOULES_PER_WH * MICRO, resolution: JOULES_PER_WH * 1e-3 },
  charge_now: { kind: "counter", unit: "J (charge_now × voltage_now)", scale: 1 },
  charge_counter: { kind: "counter", unit: "J (charge_counter × voltage_now)", scale: 1 },
};

/** Why a battery's readings say nothing now; undefined where they do. */
function refusal({ name, status, trouble }: Battery, chargers: readonly string[]): string | undefined {
  if (trouble !== undefined) return trouble;
  if (status === "Charging") return `${name} is charging; unplug the charger`;
  if (chargers.length > 0) return `a charger is connected (${chargers.join(", ")}) and feeds the device too; unplug it`;
  if (status === "Full" || status === "Not charging") return `${name} says "${status}", as batteries do on mains; unplug the charger`;
  if (status !== "Discharging") return `${name} says its status is "${status}", so that nobody knows which way its current flows`;
  return undefined;
}

export async function findBattery(tree: Tree): Promise<Found> {
  const batteries = await findBatteries(tree);
  if (batteries.length === 0) return missing(FAMILY, COVERS, "µW", `no battery under ${tree.root}/${FOLDER}`);
  const chargers = await connectedChargers(tree);
  const draining = batteries.filter((battery) => refusal(battery, chargers) === undefined);
  // with two batteries one rests while the other is used
  const charging = batteries.find(({ status }) => status === "Charging");
  const usable = charging === undefined ? draining : [];
  const listings = batteries.map((battery): SourceListing => {
    const why = refusal(battery, chargers) ?? (charging && refusal(charging, chargers));
    return {
      id: `${FAMILY}:${battery.name}`,
      available: usable.includes(battery),
      headline: batteries.length === 1,
      covers: batteries.length === 1 ? COVERS : `what the device takes from ${battery.name}`,
      unit: battery.way ? WAYS[battery.way].unit : "µW",
      ...(why !== undefined && { reason: why }),
      ...(batteries.length > 1 && { partOf: FAMILY }),
    };
  });
  const resting = batteries.filter((battery) => battery.trouble === undefined && !draining.includes(battery) && usable.length > 0);
  const all = [...usable, ...resting];
  if (batteries.length > 1) {
    const lost = batteries.find(({ trouble }) => trouble !== undefined);
    const available = usable.length > 0 && lost === undefined;
    const reason = available ? undefined : ((lost && `${lost.name}: ${lost.trouble}`) ?? listings.find((line) => line.reason)?.reason);
    listings.unshift({ id: FAMILY, available, headline: true, covers: COVERS, unit: "J", ...(reason !== undefined && { reason }) });
    return { listings, sources: available ? [sourceOf(FAMILY, all, tree)] : [] };
  }
  return { listings, sources: usable.map((battery) => sourceOf(`${FAMILY}:${battery.name}`, all, tree)) };
}

function sourceOf(id: string, batteries: readonly Battery[], tree: Tree): EnergySource {
  const channels = batteries.map(
    ({ name, way }): Channel => ({ id: name, covers: `what the device takes from ${name}`, contains: [], ...WAYS[way ?? "power_now"] }),
  );
  return {
    info: {
      id,
      covers: COVERS,
      headline: channels.map((channel) => channel.id),
      channels,
      intervalMs: INTERVAL_MS,
      notes: ["fuel gauges smooth over seconds and count a few per cent wrong: ratios are better than joules"],
    },
    open: async () => readerOf(batteries, tree),
  };
}

function readerOf(batteries: readonly Battery[], tree: Tree): SourceReader {
  const charge = new Map<string, { microAmpereHours: number; joules: number; volts: number }>();
  let fault: string | undefined;

  const readingOf = async ({ name, way = "power_now" }: Battery): Promise<number | null> => {
    const at = (file: string) => integerAt(tree, `${FOLDER}/${name}/${file}`);
    const raw = await at(way);
    if (raw === undefined) return null;
    if (way === "power_now") return Math.abs(raw);
    if (way === "energy_now") return raw;
    const microvolts = await at("voltage_now");
    if (microvolts === undefined) return null;
    const volts = microvolts * MICRO;
    if (way === "current_now") return Math.abs(raw * MICRO) * volts;
    const last = charge.get(name) ?? { microAmpereHours: raw, joules: 0, volts };
    const used = (last.microAmpereHours - raw) * MICRO * JOULES_PER_WH * ((last.volts + volts) / 2);
    charge.set(name, { microAmpereHours: raw, joules: last.joules + used, volts });
    return last.joules + used;
  };

  return {
    async read(): Promise<Reading> {
      const statuses = await Promise.all(batteries.map(({ name }) => textOr(tree, `${FOLDER}/${name}/status`)));
      const chargers = await connectedChargers(tree);
      const now = batteries.map((battery, i) => ({ ...battery, status: statuses[i] ?? "Unknown" }));
      // once a charger was there, what was read in between is of no use even if it is gone again
      if (chargers.length > 0 || now.some(({ status }) => status === "Charging")) {
        fault = `a charger was plugged in${chargers.length > 0 ? ` (${chargers.join(", ")})` : ""}`;
      }
      const values = await Promise.all(
        now.map(async (battery) => {
          const value = await readingOf(battery);
          // a battery that rests gives nothing, whatever its gauge shows
          const power = WAYS[battery.way ?? "power_now"].kind !== "counter";
          return power && now.length > 1 && battery.status !== "Discharging" ? 0 : value;
        }),
      );
      if (values.every((value) => value === null))
        throw new EnergyError("E_SOURCE", `no battery under ${tree.root}/${FOLDER} can be read any more`);
      const unclear = now.every(({ status }) => status !== "Discharging")
        ? `no battery is discharging any more (${now[0]?.status})`
        : undefined;
      const why = fault ?? unclear;
      return { values, ...(why !== undefined && { fault: why }) };
    },
    close: async () => {},
  };
}
