/** Which column of a logger's table is the time, the power, the voltage, the current or the energy, and in which unit. */
import { EnergyError, InputError } from "../../src/errors.ts";

/** What a column of a table means. */
export type Role = "time" | "power" | "voltage" | "current" | "energy";

/** What users name; missing ones are looked for. */
export type ColumnNames = Readonly<Partial<Record<Role, string>>>;

export interface Column {
  readonly index: number;
  /** Factor to W, V, A or J; of times to milliseconds. NaN for times of day or dates. */
  readonly scale: number;
}

/** Loggers whose columns are known. Others are recognised by the words in their heads. */
export const PRESETS: Readonly<Record<string, { readonly columns: ColumnNames; readonly note: string }>> = {
  fnirsi: {
    columns: { time: "timestamp", voltage: "voltage_V", current: "current_A" },
    note: "FNIRSI FNB48, FNB58 and C1 by fnirsi-usb-power-data-logger: seconds since 1970, 100 readings a second",
  },
  "power-z": {
    columns: { time: "timestamp_ms", voltage: "vbus_µV", current: "ibus_µA" },
    note: "POWER-Z KM003C by its Python library: milliseconds of its own clock",
  },
  nvml: {
    columns: { time: "timestamp_system_epoch_ms", power: "nvml_power_watts" },
    note: "profilers that log NVML: milliseconds since 1970",
  },
};

const WORDS: Readonly<Record<Role, RegExp>> = {
  time: /^(date.?)?time|^t\b|^timestamp|^elapsed|^seconds$|^ms$/i,
  power: /^(power|watts?|p)\b|^p[_ (]|power/i,
  voltage: /^(voltage|volts?|v|u|vbus)\b|^v[_ (]|^vbus|voltage/i,
  current: /^(current|amps?|a|i|ibus)\b|^i[_ (]|^ibus|current/i,
  energy: /^energy/i,
};

/** Units by their endings, as people put them: "Power(mW)", "voltage_V", "Time [ms]". */
const UNITS: Readonly<Record<Role, readonly (readonly [RegExp, number])[]>> = {
  time: [
    [/(^|[^a-zµμ])(us|µs|μs)\W*$|microseconds/i, 1e-3],
    [/(^|[^a-z])ns\W*$|nanoseconds/i, 1e-6],
    [/(^|[^a-z])(ms|msec|millis)\W*$|milliseconds/i, 1],
    [/(^|[^a-z])min\W*$|minutes/i, 60_000],
    [/(^|[^a-z])(s|sec|secs)\W*$|seconds/i, 1000],
  ],
  power: prefixed("W", "watts"),
  voltage: prefixed("V", "volts"),
  current: prefixed("A", "amps|amperes"),
  energy: [[/(^|[^a-zµμ])mWh\W*$/, 3.6], [/(^|[^a-zµμ])Wh\W*$/, 3600], [/(^|[^a-zµμ])Ws\W*$/, 1], ...prefixed("J", "joules")],
};

function prefixed(unit: string, words: string): [RegExp, number][] {
  return [
    [new RegExp(`(^|[^A-Za-zµμ])[µμu]${unit}\\W*$|micro(${words})`), 1e-6],
    [new RegExp(`(^|[^A-Za-zµμ])m${unit}\\W*$|milli(${words})`), 1e-3],
    [new RegExp(`(^|[^A-Za-zµμ])${unit}\\W*$|(^|[^a-z])(${words})`, "i"), 1],
  ];
}

const UNIT_HINT: Readonly<Record<Role, string>> = { time: "ms", power: "W", voltage: "V", current: "A", energy: "J" };

/** "Power(mW)" or "Power=mW", which says the unit that the head does not. */
function parseName(name: string): { head: string; unit?: string } {
  const at = name.lastIndexOf("=");
  return at > 0 ? { head: name.slice(0, at), unit: name.slice(at + 1) } : { head: name };
}

/**
 * The columns of these names, or those that the head's words tell. Throws InputError E_OPTION for a name that the head lacks, EnergyError E_FORMAT where
 * neither power, nor voltage and current, nor energy can be found.
 */
export function findColumns(head: readonly string[], names: ColumnNames): Partial<Record<Role, Column>> {
  const given = (Object.keys(WORDS) as Role[]).map((role): [Role, Column | undefined] => [role, columnOf(head, role, names[role])]);
  const found = Object.fromEntries(given.filter(([, column]) => column !== undefined)) as Partial<Record<Role, Column>>;
  if (!found.power && !(found.voltage && found.current) && !found.energy) {
    throw new EnergyError(
      "E_FORMAT",
      `none of the columns ${head.join(", ")} is a power, nor is there a voltage with a current; name them with --column power=NAME`,
    );
  }
  return found;
}

function columnOf(head: readonly string[], role: Role, name: string | undefined): Column | undefined {
  if (name === undefined) {
    const index = head.findIndex((text) => WORDS[role].test(text.trim()));
    return index < 0 ? undefined : { index, scale: scaleOf(head[index] as string, role) };
  }
  const { head: wanted, unit } = parseName(name);
  const index = head.findIndex((text) => text.trim().toLowerCase() === wanted.trim().toLowerCase());
  if (index < 0) throw new InputError("E_OPTION", `the table has no column "${wanted}"; it has ${head.join(", ")}`);
  return { index, scale: scaleOf(unit ?? (head[index] as string), role) };
}

/** Without a unit: W, V, A and J, which is what loggers mean; a time without one is looked at by itself. */
function scaleOf(text: string, role: Role): number {
  const scale = UNITS[role].find(([pattern]) => pattern.test(text.trim()))?.[1];
  return scale ?? (role === "time" ? Number.NaN : 1);
}

export const unitHint = (role: Role): string => UNIT_HINT[role];
