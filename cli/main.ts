/** The `swivel` command: sets commander up, runs one command, and turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { version } from "../package.json";
import { SwivelError } from "../src/errors.ts";
import { attackCommand } from "./commands/attack.ts";
import { dataCommand } from "./commands/data.ts";
import { energyCommand } from "./commands/energy.ts";
import { evalCommand } from "./commands/eval.ts";
import { initCommand } from "./commands/init.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { packCommand } from "./commands/pack.ts";
import { pruneCommand } from "./commands/prune.ts";
import { tourCommand } from "./commands/tour.ts";
import { trainCommand } from "./commands/train.ts";
import { jsonOption } from "./options.ts";
import { fail } from "./output.ts";

const commands = [
  tourCommand,
  trainCommand,
  pruneCommand,
  packCommand,
  evalCommand,
  inspectCommand,
  attackCommand,
  energyCommand,
  initCommand,
  dataCommand,
];

const EXAMPLES = `
Examples:
  swivel tour
  swivel train --l1 0.03 --out net.safetensors
  swivel prune net.safetensors --keep-macs .5 --finetune 4 --out cut.safetensors
  swivel pack cut.safetensors --out model.safetensors --onnx model.onnx
  swivel eval model.safetensors`;

/** Commander's complaints in the form of our own. */
const wrongUse = (text: string): string =>
  `swivel: E_OPTION ${text
    .trim()
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "")}; --help shows what there is`;

const program = new Command("swivel")
  .description("Trains networks with rotated ReLUs, cuts the filters that their slopes switch off, and runs the small dense rest.")
  .addOption(jsonOption())
  .version(version, "-V, --version", "print the version")
  .helpOption("-h, --help", "show help")
  .helpCommand("help [command]", "show the help of a command")
  .addHelpText("after", EXAMPLES)
  .configureHelp({ subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map((it) => `<${it.name()}>`)].join(" ") })
  .configureOutput({ outputError: (text, write) => write(`${wrongUse(text)}\n`) })
  .exitOverride();

for (const make of commands) program.addCommand(inherit(make(), program));

/** Error style and the like, which commander hands down only to commands that it makes itself. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent).helpOption("-h, --help", "show help");
  for (const child of command.commands) inherit(child, command);
  return command;
}

// `swivel inspect … | head`: whoever read our output has had enough, which is no error
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  const lost = new SwivelError("E_IO", `the result could not be written to stdout: ${error.message}`, { cause: error });
  process.exit(error.code === "EPIPE" ? 0 : fail(lost));
});
// progress that nobody reads any more stops no training
process.stderr.on("error", () => {});

try {
  if (process.argv.length > 2) await program.parseAsync();
  else program.outputHelp();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = fail(error);
}
