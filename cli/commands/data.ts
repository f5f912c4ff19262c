/** `swivel data fetch NAME`: downloads a public data set from its official address. */
import { Argument, Command } from "commander";
import { fetchDataset, KNOWN, type KnownName } from "../../training/data/index.ts";
import { interruptSignal, jsonOption, outputOf } from "../options.ts";

/** ████░░░░ */
function bar(fraction: number, width = 24): string {
  const full = Math.round(width * Math.min(1, fraction));
  return "█".repeat(full) + "░".repeat(width - full);
}

export const dataCommand = (): Command =>
  new Command("data").description("download public data sets").addCommand(
    new Command("fetch")
      .description("download a public data set, checked against its published checksum")
      .addArgument(new Argument("<name>", "which").choices(Object.keys(KNOWN)))
      .option("--out <folder>", "where to put it; data/<name> unless given")
      .addOption(jsonOption())
      .action(async (name: KnownName, options: { out?: string }, command: Command) => {
        const output = outputOf(command);
        const folder = options.out ?? `data/${name}`;
        const files = await fetchDataset(name, folder, {
          signal: interruptSignal(),
          onProgress: ({ file, received, total }) =>
            output.progress(`${bar(received / total)} ${(received / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB  ${file}`),
        });
        output.result({ name, folder, files }, `${name} is in ${folder}: use --data ${folder}`);
      }),
  );
