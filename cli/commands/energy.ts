/** `swivel energy …`: joules per inference, measured. */
import { Command } from "commander";
import { checkCommand } from "../energy/check.ts";
import { importCommand } from "../energy/import.ts";
import { phoneCommand } from "../energy/phone.ts";
import { planCommand } from "../energy/plan.ts";
import { runCommand } from "../energy/run.ts";
import { sourcesCommand } from "../energy/sources.ts";

export function energyCommand(): Command {
  const group = new Command("energy").description("joules per inference: what to measure with, measure, plan, import, check");
  for (const make of [sourcesCommand, runCommand, planCommand, importCommand, phoneCommand, checkCommand]) group.addCommand(make());
  return group;
}
