/** Settings of a measurement: defaults, checks, and how long it takes. */
import { InputError } from "../../src/errors.ts";
import { MIN_PAIRS } from "../analyse.ts";
import type { Settings } from "../record.ts";
import { SYNC_SECONDS } from "./sync.ts";

/** The protocol as it runs unless told otherwise. */
export const defaultSettings: Settings = {
  mode: "work",
  pairs: 20,
  nullPairs: 10,
  controlPairs: 0,
  windowSeconds: 60,
  settleSeconds: 2,
  idleSeconds: 120,
  warmupSeconds: 120,
  sync: false,
  seed: 0,
};

/** What is given over the defaults. Throws InputError E_OPTION for what makes no measurement. */
export function readSettings(given: Partial<Settings>): Settings {
  const settings = { ...defaultSettings, ...given };
  const refuse = (what: string): never => {
    throw new InputError("E_OPTION", what);
  };
  const { mode, rate, pairs, nullPairs, controlPairs } = settings;
  if (mode === "rate" && !(rate !== undefined && rate > 0 && rate <= 1000))
    refuse(`the rate is ${rate}; give inferences per second, up to 1000`);
  for (const [name, count] of Object.entries({ pairs, nullPairs, controlPairs })) {
    if (!Number.isInteger(count) || count < 0 || count % 2 === 1 || (count > 0 && count < MIN_PAIRS) || count > 10_000)
      refuse(`${name} is ${count}; two pairs make a block, so give an even number of ${MIN_PAIRS} or more`);
  }
  if (pairs === 0) refuse("pairs is 0, which measures nothing");
  for (const name of ["windowSeconds", "settleSeconds", "idleSeconds", "warmupSeconds"] as const) {
    const value = settings[name];
    const least = name === "windowSeconds" || name === "idleSeconds" ? 0.5 : 0;
    if (!(value >= least && value <= 86_400)) refuse(`${name} is ${value}; give ${least} to 86400 seconds`);
  }
  return settings;
}

/** About how many seconds it takes, without loading and with the longest warm-ups that are likely. */
export function secondsOf(settings: Settings): number {
  const { pairs, nullPairs, controlPairs, windowSeconds, settleSeconds, idleSeconds, warmupSeconds, sync } = settings;
  const windows = 2 * (pairs + nullPairs + controlPairs);
  const arms = 2 + Number(nullPairs > 0) + Number(controlPairs > 0);
  return windows * (windowSeconds + settleSeconds) + 2 * idleSeconds + arms * Math.min(warmupSeconds, 20) + (sync ? 2 * SYNC_SECONDS : 0);
}
