/** `swivel energy sources`: what this machine can be measured by, and why not by the rest. */
import { Command } from "commander";
import type { SourceListing } from "../../energy/source.ts";
import { findSources } from "../../energy/sources/index.ts";
import { jsonOption, outputOf } from "../options.ts";
import { sysfsOption } from "./options.ts";

function lines(listing: SourceListing): string[] {
  const { id, available, headline, auto, covers, unit, reason, partOf } = listing;
  const marks = [auto && "auto", headline && "total", partOf && `part of ${partOf}`].filter(Boolean).join(", ");
  return [
    `${available ? "+" : "-"} ${id} (${[unit, marks].filter(Boolean).join("; ")})`,
    `    ${covers}`,
    ...(reason === undefined ? [] : [`    ${reason}`]),
  ];
}

export const sourcesCommand = (): Command =>
  new Command("sources")
    .description("what this machine can be measured by, and why not by the rest")
    .addOption(sysfsOption())
    .addOption(jsonOption())
    .action(async ({ sysfs }: { sysfs?: string }, command: Command) => {
      const { listings } = await findSources({ ...(sysfs !== undefined && { sysfs }) });
      const none = listings.some(({ available }) => available) ? [] : ["nothing here can be read: see the reasons"];
      outputOf(command).result({ sources: listings }, [...listings.flatMap(lines), ...none].join("\n"));
    });
