/** `swivel energy import`: a recording of a meter, of Perfetto or of Firefox, laid over the marks of the device that was recorded. */
import { Command, Option } from "commander";
import { readBatteryLevels } from "../../energy/import/browser_battery.ts";
import type { ColumnNames, Role } from "../../energy/import/columns.ts";
import { PRESETS } from "../../energy/import/columns.ts";
import { readFirefox } from "../../energy/import/firefox.ts";
import { importRecording } from "../../energy/import/import.ts";
import type { Imported } from "../../energy/import/imported.ts";
import { readMeter } from "../../energy/import/meter.ts";
import { readPerfetto } from "../../energy/import/perfetto.ts";
import type { Marks } from "../../energy/record.ts";
import { readMarks } from "../../energy/validate.ts";
import { InputError } from "../../src/errors.ts";
import { readSource } from "../../src/source.ts";
import { makeFolder, naming } from "../files.ts";
import { jsonOption, number, outputOf } from "../options.ts";
import { openText } from "./check.ts";
import { writeResult } from "./write.ts";

interface Options {
  readonly marks: string;
  readonly csv?: string;
  readonly perfetto?: string;
  readonly firefox?: string;
  readonly battery?: number;
  readonly preset?: string;
  readonly column: ColumnNames;
  readonly rate?: number;
  readonly rails?: string;
  readonly batteryFull: boolean;
  readonly out: string;
}

const ROLES: readonly Role[] = ["time", "power", "voltage", "current", "energy"];

function column(text: string, before: ColumnNames): ColumnNames {
  const at = text.indexOf("=");
  const role = ROLES.find((name) => name === text.slice(0, at));
  if (!role || at === text.length - 1) {
    throw new InputError("E_OPTION", `--column ${text} is no ROLE=NAME; roles are ${ROLES.join(", ")}, and NAME may end with =unit`);
  }
  return { ...before, [role]: text.slice(at + 1) };
}

export const importCommand = (): Command =>
  new Command("import")
    .description("lay a recording made elsewhere over the marks of a device")
    .requiredOption("--marks <file>", "marks.json, from the page of `swivel energy phone`")
    .option("--csv <file>", "a meter's table")
    .option("--perfetto <file>", "a Perfetto trace with power rails")
    .option("--firefox <file>", "a profile of Firefox with power tracks")
    .addOption(new Option("--battery <Wh>", "the browser's own battery levels, for drain tests; its capacity").argParser(number(0)))
    .addOption(new Option("--preset <logger>", "columns of a logger").choices(Object.keys(PRESETS)))
    .addOption(
      new Option("--column <role=name>", "a column of the table, once or more").argParser(column).default({}, "by the head's words"),
    )
    .addOption(new Option("--rate <count>", "readings per second of a table without times").argParser(number(0)))
    .option("--rails <pattern>", "rails to add up, by a regular expression")
    .option("--battery-full", "the battery was full and stayed so, behind the meter", false)
    .option("--out <folder>", "where energy.json and energy.html go", ".")
    .addOption(jsonOption())
    .action(async (options: Options, command: Command) => {
      const given = [options.csv, options.perfetto, options.firefox, options.battery && options.marks].filter((file) => file !== undefined);
      if (given.length !== 1) throw new InputError("E_OPTION", "give one recording: --csv, --perfetto, --firefox or --battery");
      await makeFolder(options.out, "--out");
      const text = await openText(options.marks);
      const marks = await naming(options.marks, () => readMarks(text));
      const recording = await naming(given[0] as string, () => openRecording(options, marks));
      const record = await naming(given[0] as string, () => importRecording(marks, recording, options));
      await writeResult(record, options.out, outputOf(command));
    });

async function openRecording(
  { csv, perfetto, firefox, battery, preset, column: columns, rate, rails }: Options,
  marks: Marks,
): Promise<Imported> {
  if (battery !== undefined) return readBatteryLevels(marks, battery);
  if (csv !== undefined)
    return readMeter(await openText(csv), { columns, ...(preset !== undefined && { preset }), ...(rate !== undefined && { rate }) });
  if (firefox !== undefined) return readFirefox(await openText(firefox));
  return readPerfetto(await readSource(perfetto as string, {}), rails === undefined ? {} : { rails: patternOf(rails) });
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text, "i");
  } catch (error) {
    throw new InputError("E_OPTION", `--rails ${text} is no regular expression: ${(error as Error).message}`, { cause: error });
  }
}
