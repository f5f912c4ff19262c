/** Readings of a power meter, by the table that its logger exports. */
import { EnergyError, InputError } from "../../src/errors.ts";
import type { Channel } from "../source.ts";
import { type Column, type ColumnNames, findColumns, PRESETS } from "./columns.ts";
import { numberOf, readTable, type Table } from "./csv.ts";
import type { Imported } from "./imported.ts";

/** How a power meter's table is to be read. */
export interface MeterOptions {
  /** One of `PRESETS`; columns that are named besides win. */
  readonly preset?: string;
  /** Names of columns; "NAME=unit" where the head says none. */
  readonly columns?: ColumnNames;
  /** Readings per second of a table without times. */
  readonly rate?: number;
}

const COVERS = "everything behind the meter: the whole device, and what its battery is charged with";
/** Less than this share of unreadable rows is an accident. */
const MAX_BAD = 0.01;
const MIN_READINGS = 100;
/** Dates of this century, in milliseconds. */
const CENTURY = { from: Date.UTC(2000, 0), to: Date.UTC(2100, 0) };

/** Throws EnergyError E_FORMAT for a table that is none, InputError E_OPTION for presets and columns that there are not. */
export function readMeter(text: string, options: MeterOptions = {}): Imported {
  const { preset, columns, rate } = options;
  const known = preset === undefined ? undefined : PRESETS[preset];
  if (preset !== undefined && !known)
    throw new InputError("E_OPTION", `there is no preset "${preset}"; there are ${Object.keys(PRESETS).join(", ")}`);
  const table = readTable(text);
  const found = findColumns(table.head, { ...known?.columns, ...columns });
  const times = timesOf(table, found.time, rate);
  const read = (column: Column) => table.rows.map((row) => numberOf(row[column.index] ?? "", table.comma) * column.scale);
  const { power, voltage, current, energy } = found;
  const [volts, amps] = [voltage && read(voltage), current && read(current)];
  // what was asked for by name, then what is most direct
  const watts = power ? read(power) : volts && amps ? volts.map((v, i) => v * (amps[i] as number)) : undefined;
  const values = watts ?? (energy && read(energy));
  if (!values)
    throw new EnergyError("E_FORMAT", "the table has a voltage without a current; name the power's column with --column power=NAME");
  const bad = values.filter((value, i) => !Number.isFinite(value) || !Number.isFinite(times.t[i])).length;
  if (bad > MAX_BAD * values.length)
    throw new EnergyError("E_FORMAT", `${bad} of ${values.length} rows hold no number where time and power should be`);
  if (values.length < MIN_READINGS)
    throw new EnergyError("E_FORMAT", `the table has ${values.length} readings, and ${MIN_READINGS} are the least`);
  const sign = turned(values) ? -1 : 1;
  const counter = watts === undefined;
  const channel: Channel = {
    ...{ id: "meter", covers: COVERS, contains: [] },
    ...(counter ? { kind: "counter", unit: "J" } : { kind: "power", unit: "W" }),
    scale: sign,
  };
  return {
    source: {
      id: "meter",
      covers: COVERS,
      headline: ["meter"],
      channels: [channel],
      intervalMs: 0,
      notes: notesOf(table, known?.note, sign),
    },
    samples: {
      t: times.t.map((t, i) => (Number.isFinite(t) && Number.isFinite(values[i]) ? t : null)).filter((t) => t !== null),
      values: { meter: values.filter((value, i) => Number.isFinite(value) && Number.isFinite(times.t[i])) },
      faults: [],
    },
    clock: times.absolute ? "time stamps" : "none",
    batteryMustBeFull: true,
  };
}

/** Meters that are plugged in the other way round count down. */
const turned = (values: readonly number[]): boolean => values.filter((value) => value < 0).length > values.length / 2;

function notesOf({ rows }: Table, note: string | undefined, sign: number): string[] {
  return [
    ...(note === undefined ? [] : [note]),
    `${rows.length} rows of the meter's table`,
    ...(sign < 0 ? ["the meter counted backwards: its sign was turned"] : []),
  ];
}

function timesOf(table: Table, column: Column | undefined, rate: number | undefined): { t: number[]; absolute: boolean } {
  if (!column) {
    if (rate === undefined) {
      throw new EnergyError(
        "E_FORMAT",
        `none of the columns ${table.head.join(", ")} is a time; name it with --column time=NAME, or give --rate, readings per second`,
      );
    }
    if (!(rate > 0)) throw new InputError("E_OPTION", `the rate is ${rate}; give readings per second`);
    return { t: table.rows.map((_, i) => (1000 * i) / rate), absolute: false };
  }
  const texts = table.rows.map((row) => row[column.index] ?? "");
  const raw = texts.map((text) => numberOf(text, table.comma));
  if (raw.every(Number.isNaN)) return clockTimes(texts);
  const scale = Number.isNaN(column.scale) ? guess(raw) : column.scale;
  const t = raw.map((value) => value * scale);
  const [first = 0] = t.filter(Number.isFinite);
  return { t, absolute: first > CENTURY.from && first < CENTURY.to };
}

/** Seconds or milliseconds, where the head does not say: since 1970 if that gives a date of this century, else by how far apart they are. */
function guess(raw: readonly number[]): number {
  const first = raw.find(Number.isFinite) ?? 0;
  const scale = [1000, 1, 1e-3].find((factor) => first * factor > CENTURY.from && first * factor < CENTURY.to);
  if (scale !== undefined) return scale;
  const steps = raw
    .slice(1)
    .map((value, i) => value - (raw[i] as number))
    .filter((step) => step > 0)
    .sort((a, b) => a - b);
  // nobody logs less than once in three seconds for this, and few more than 300 times a second
  return (steps[steps.length >> 1] ?? 0) > 3 ? 1 : 1000;
}

/** Dates, or times of the day, which start again at midnight. */
function clockTimes(texts: readonly string[]): { t: number[]; absolute: boolean } {
  const dates = texts.map((text) =>
    /\d{4}[-/.]\d{1,2}[-/.]\d{1,2}/.test(text)
      ? Date.parse(text.replaceAll("/", "-").replace(/^(\d{4})\.(\d+)\.(\d+)/, "$1-$2-$3"))
      : Number.NaN,
  );
  if (!dates.every(Number.isNaN)) return { t: dates, absolute: true };
  let days = 0;
  let last = Number.NEGATIVE_INFINITY;
  const t = texts.map((text) => {
    const parts = /^(\d+):(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)$/.exec(text);
    if (!parts) return Number.NaN;
    const ms = 1000 * (3600 * Number(parts[1]) + 60 * Number(parts[2]) + Number((parts[3] as string).replace(",", ".")));
    if (ms + days < last - 12 * 3_600_000) days += 24 * 3_600_000;
    last = ms + days;
    return last;
  });
  return { t, absolute: false };
}
