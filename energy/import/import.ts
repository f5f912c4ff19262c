/** Lays a recording over the marks of the device that was recorded, and makes the record of both. */
import { EnergyError } from "../../src/errors.ts";
import { makeRecord, SAME_CLOCK } from "../make.ts";
import type { Clock, EnergyRecord, Marks } from "../record.ts";
import { traceOf } from "../trace.ts";
import { align } from "./align.ts";
import type { Imported } from "./imported.ts";

/** What the files cannot say. */
export interface ImportOptions {
  /** The user's word that the battery was full all the time, where the browser did not say. */
  readonly batteryFull?: boolean;
}

/** Throws EnergyError E_MEASUREMENT where the two do not fit, or where the battery was being charged behind the meter. */
export function importRecording(marks: Marks, recording: Imported, { batteryFull = false }: ImportOptions = {}): EnergyRecord {
  if (recording.batteryMustBeFull) checkBattery(marks, batteryFull);
  const { source, samples } = recording;
  const traces = source.channels
    .filter(({ id }) => source.headline.includes(id))
    .map((channel) => traceOf(channel, samples.t, samples.values[channel.id] ?? []));
  const clock: Clock = recording.clock === "same clock" ? SAME_CLOCK : align(traces, marks.marks, { clock: recording.clock });
  const faults = recording.batteryMustBeFull ? [] : chargingFaults(marks, clock);
  return makeRecord(marks, source, { ...samples, faults: [...samples.faults, ...faults] }, clock);
}

/** Behind a meter a battery that is not full takes what the network does not: its current hides every saving. */
function checkBattery({ battery, device }: Marks, said: boolean): void {
  const levels = battery?.map(({ level }) => level) ?? (device.charge === undefined ? [] : [device.charge]);
  const least = Math.min(...levels);
  if (levels.length > 0 && least < 1) {
    throw new EnergyError(
      "E_MEASUREMENT",
      `the battery stood at ${Math.round(100 * least)} % while the meter fed it; charge it to the full, wait until its current has settled, and measure again`,
    );
  }
  if (levels.length === 0 && !said) {
    throw new EnergyError("E_MEASUREMENT", "nobody says that the battery was full while the meter fed it; if it was, say --battery-full");
  }
}

/** Sensors within the device keep their meaning on a charger, but for what charging heats; so only a change is a fault. */
function chargingFaults({ battery = [] }: Marks, { offsetMs, drift }: Clock): { t: number; why: string }[] {
  const change = battery.find(({ charging }) => charging !== battery[0]?.charging);
  return change ? [{ t: (change.t - offsetMs) / (1 + drift), why: `a charger was ${change.charging ? "plugged in" : "unplugged"}` }] : [];
}
