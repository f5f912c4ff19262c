/** A battery as the browser's Battery Status API shows it: in whole per cents. Good for windows of an hour, in which many of them pass. */
import { EnergyError, InputError } from "../../src/errors.ts";
import type { Marks } from "../record.ts";
import type { Channel } from "../source.ts";
import type { Imported } from "./imported.ts";

const COVERS = "the whole device, by the charge that its browser shows";
const JOULES_PER_WH = 3600;
const STEP = 0.01;

/** Throws EnergyError E_SOURCE where the browser did not show its battery, InputError E_OPTION for a capacity that no battery has. */
export function readBatteryLevels({ battery }: Marks, wattHours: number): Imported {
  if (!(wattHours > 0 && wattHours < 1000))
    throw new InputError("E_OPTION", `the battery's capacity is ${wattHours} Wh; give what is printed on it`);
  if (!battery || battery.length < 2) {
    throw new EnergyError("E_SOURCE", "the browser did not show its battery (Chrome on Android does, Safari and Firefox do not)");
  }
  const full = JOULES_PER_WH * wattHours;
  const channel: Channel = {
    ...{ id: "battery", covers: COVERS, contains: [], kind: "counter", unit: "share of a full charge" },
    ...{ scale: -full, resolution: STEP * full },
  };
  const plugged = battery.find(({ charging }) => charging);
  return {
    source: {
      ...{ id: "browser-battery", covers: COVERS, headline: ["battery"], channels: [channel], intervalMs: 0 },
      notes: [`joules are ${wattHours} Wh, as printed on the battery, times the share used; ratios do not depend on it`],
    },
    samples: {
      t: battery.map(({ t }) => t),
      values: { battery: battery.map(({ level }) => level) },
      faults: plugged ? [{ t: plugged.t, why: "a charger was plugged in" }] : [],
    },
    clock: "same clock",
    batteryMustBeFull: false,
  };
}
