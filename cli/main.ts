/** The `swivel` command: sets commander up, runs one command, and turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { dataCommand } from "./commands/data.ts";
import { evalCommand } from "./commands/eval.ts";
import { initCommand } from "./commands/init.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { packCommand } from "./commands/pack.ts";
import { pruneCommand } from "./commands/prune.ts";
import { tourCommand } from "./commands/tour.ts";
import { trainCommand } from "./commands/train.ts";
import { describe, exitCodeOf } from "./output.ts";

const program = new Command("swivel")
  .description("Trains networks with rotated ReLUs, cuts the filters that their slopes switch off, and runs the small dense rest.")
  .option("--json", "print one JSON document on stdout and nothing else there")
  .showHelpAfterError("(--help shows the options)")
  .exitOverride();

for (const command of [tourCommand, trainCommand, initCommand, pruneCommand, packCommand, evalCommand, inspectCommand, dataCommand]) {
  program.addCommand(command().exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    console.error(describe(error));
    process.exitCode = exitCodeOf(error);
  }
}
