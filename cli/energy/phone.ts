/** `swivel energy phone`: serves the page on which a phone's browser measures. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command } from "commander";
import { readSettings } from "../../energy/protocol/settings.ts";
import type { ArmName } from "../../energy/record.ts";
import { InputError } from "../../src/errors.ts";
import { writeWhole } from "../../training/checkpoint_file.ts";
import { makeFolder } from "../files.ts";
import { dataOption, integer, interruptSignal, jsonOption, outputOf, seedOption } from "../options.ts";
import { openFeed, openModels } from "./contenders.ts";
import {
  idleOption,
  modeOption,
  nullPairsOption,
  pairsOption,
  rateOption,
  type ScheduleOptions,
  scheduleSettings,
  settleOption,
  warmupOption,
  windowOption,
} from "./options.ts";
import { servePhone } from "./phone_server.ts";
import { TOOL } from "./run.ts";

interface Options extends ScheduleOptions {
  readonly control?: string;
  readonly data?: string;
  readonly limit: number;
  readonly sync: boolean;
  readonly host: string;
  readonly port: number;
  readonly cert?: string;
  readonly key?: string;
  readonly out: string;
}

export const phoneCommand = (): Command =>
  new Command("phone")
    .description("serve the page on which a phone's browser measures")
    .argument("[A]", "the network to compare with; the page asks for it unless given")
    .argument("[B]", "the one that should need less")
    .option("--control <model>", "a network cut at random to the size of B")
    .addOption(modeOption())
    .addOption(rateOption())
    .addOption(pairsOption())
    .addOption(nullPairsOption())
    .addOption(windowOption())
    .addOption(settleOption())
    .addOption(idleOption())
    .addOption(warmupOption())
    .addOption(dataOption())
    .option("--limit <count>", "send so many test images at most", integer(1), 200)
    .option("--no-sync", "leave out the patterns of load that meters are laid over by")
    .addOption(seedOption("of the order of windows"))
    .option("--host <address>", "where to listen; 127.0.0.1 with adb reverse", "0.0.0.0")
    .option("--port <number>", "0 takes a free one", integer(0, 65_535), 8700)
    .option("--cert <file>", "a certificate, for https")
    .option("--key <file>", "its key")
    .option("--out <folder>", "where the phone's marks.json goes", ".")
    .addOption(jsonOption())
    .action(async (a: string | undefined, b: string | undefined, options: Options, command: Command) => {
      const output = outputOf(command);
      const signal = interruptSignal();
      const { cert, key, host, port, out, control } = options;
      if ((cert === undefined) !== (key === undefined)) throw new InputError("E_OPTION", "https takes both --cert and --key");
      const settings = readSettings(scheduleSettings(options, control !== undefined, options.sync));
      await makeFolder(out, "--out");
      const given = { A: a, B: b, C: control };
      const paths = Object.entries(given).flatMap(([arm, path]) => (path === undefined ? [] : [[arm as ArmName, path] as const]));
      const files = await openModels(paths);
      const first = files[0]?.[1];
      const feed = first && (await openFeed(first, { ...options, signal }, output));
      const served = await servePhone(
        {
          offer: {
            tool: TOOL,
            settings,
            models: Object.fromEntries(files.map(([arm, file]) => [arm, basename(file.path)])),
            ...(feed && {
              feed: {
                count: feed.images.length,
                ...(feed.name !== undefined && { name: feed.name }),
                ...(feed.labels && { labels: feed.labels }),
              },
            }),
          },
          models: Object.fromEntries(files.map(([arm, file]) => [arm, file.bytes])),
          ...(feed && {
            feed: Buffer.concat(feed.images.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
          }),
          async onMarks(_, text) {
            const file = join(out, "marks.json");
            await writeWhole(file, text);
            output.note(`${file}: the phone has sent its marks; now \`swivel energy import --marks ${file}\` with the recording`);
          },
        },
        {
          host,
          port,
          ...(cert !== undefined &&
            key !== undefined && { tls: { cert: await readPem(cert, "--cert"), key: await readPem(key, "--key") } }),
        },
      );
      const secure = cert !== undefined;
      const lines = [
        ...served.urls,
        ...(secure ? [] : [plain(new URL(served.urls[0] as string).port)]),
        "Start the recording, then open the address in the phone's browser. Ctrl-C ends.",
      ];
      output.result({ urls: served.urls, secure }, lines.join("\n"));
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      await served.close();
    });

const plain = (port: string): string =>
  [
    `By http a phone has no WebGPU, no threads and no Wake Lock. For all of them: \`adb reverse tcp:${port} tcp:${port}\` (over Wi-Fi, so that no cable charges)`,
    `and http://localhost:${port}/ on the phone; or https with --cert and --key (mkcert makes them).`,
  ].join("\n");

async function readPem(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new InputError("E_OPTION", `${option} ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
