/** `swivel energy check`: whether a record follows the schema, and whether its result follows from its readings. */
import { Command } from "commander";
import type { EnergyRecord } from "../../energy/record.ts";
import { differences, readRecord } from "../../energy/validate.ts";
import { EnergyError } from "../../src/errors.ts";
import { readSource } from "../../src/source.ts";
import { naming } from "../files.ts";
import { jsonOption, outputOf } from "../options.ts";

export const openText = async (path: string): Promise<string> => new TextDecoder().decode(await readSource(path, {}));

export async function openRecord(path: string): Promise<EnergyRecord> {
  const text = await openText(path);
  return naming(path, () => readRecord(text));
}

export const checkCommand = (): Command =>
  new Command("check")
    .description("whether a record is sound, and its result follows from its raw readings")
    .argument("<record>", "energy.json")
    .addOption(jsonOption())
    .action(async (path: string, _: unknown, command: Command) => {
      const record = await openRecord(path);
      const [first, ...more] = differences(record);
      if (first !== undefined) {
        throw new EnergyError(
          "E_FORMAT",
          `${path}: ${first}${more.length > 0 ? `, and ${more.length} more` : ""}; the result was changed, or made by another version`,
        );
      }
      outputOf(command).result(
        { record: path, sound: true, result: record.result },
        `${path} is sound: its readings give its result\n${record.result.verdict}`,
      );
    });
