/** `swivel energy run A B`: measures two networks on this machine. */

import { basename } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Command, Option } from "commander";
import { makeMarks, makeRecord } from "../../energy/make.ts";
import { contenderOf } from "../../energy/protocol/network.ts";
import { Recorder } from "../../energy/protocol/recorder.ts";
import { type Host, runCourse } from "../../energy/protocol/run.ts";
import { readSettings, secondsOf } from "../../energy/protocol/settings.ts";
import { anyOf } from "../../energy/protocol/signals.ts";
import type { ArmName } from "../../energy/record.ts";
import { openSource } from "../../energy/sources/index.ts";
import { version } from "../../package.json";
import { makeFolder } from "../files.ts";
import {
  dataOption,
  integer,
  interruptSignal,
  jsonOption,
  outputOf,
  precisionOption,
  seedOption,
  sessionBackendOption,
  threadsOption,
} from "../options.ts";
import { clock } from "../output.ts";
import { openFeed, openModels } from "./contenders.ts";
import { thisDevice } from "./device.ts";
import {
  idleOption,
  modeOption,
  nullPairsOption,
  pairsOption,
  rateOption,
  type ScheduleOptions,
  scheduleSettings,
  settleOption,
  sysfsOption,
  warmupOption,
  windowOption,
} from "./options.ts";
import { writeResult } from "./write.ts";

interface Options extends ScheduleOptions {
  readonly backend: "auto" | "wasm" | "webgpu";
  readonly precision: "f32" | "f16";
  readonly threads: number | "auto";
  readonly source: string;
  readonly sysfs?: string;
  readonly control?: string;
  readonly data?: string;
  readonly limit: number;
  readonly out: string;
}

export const TOOL = `swivel-nn ${version}`;

/** Milliseconds since 1970 that never go back, whatever happens to the system's clock. */
const now = (): number => performance.timeOrigin + performance.now();
const sleep = (ms: number): Promise<void> => setTimeout(Math.max(0, ms));

export const runCommand = (): Command =>
  new Command("run")
    .description("measure two networks in turns on this machine")
    .argument("<A>", "the network to compare with")
    .argument("<B>", "the one that should need less")
    .addOption(new Option("--source <id>", "what to measure by; `swivel energy sources` lists them").default("auto"))
    .addOption(sysfsOption())
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
    .option("--limit <count>", "use so many test images at most", integer(1), 500)
    .addOption(sessionBackendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(seedOption("of the order of windows"))
    .option("--out <folder>", "where energy.json and energy.html go", ".")
    .addOption(jsonOption())
    .action(async (a: string, b: string, options: Options, command: Command) => {
      const output = outputOf(command);
      const interrupted = interruptSignal();
      const settings = readSettings(scheduleSettings(options, options.control !== undefined));
      await makeFolder(options.out, "--out");
      const source = await openSource(options.source, { ...(options.sysfs !== undefined && { sysfs: options.sysfs }) });
      const paths: [ArmName, string][] = [
        ["A", a],
        ...(settings.nullPairs > 0 ? [["N", a] as [ArmName, string]] : []),
        ["B", b],
        ...(options.control === undefined ? [] : [["C", options.control] as [ArmName, string]]),
      ];
      const files = await openModels(paths);
      const feed = await openFeed(files[0]?.[1] as (typeof files)[0][1], { ...options, signal: interrupted }, output);
      const { backend, precision, threads } = options;
      const contenders = files.map(([arm, file]) => {
        const network = { name: basename(file.path), bytes: file.bytes };
        return contenderOf(arm, network, feed, { backend, precision, threads, signal: interrupted });
      });
      const device = await thisDevice(options.sysfs);
      output.note(`by ${source.info.id}: ${source.info.covers}`);
      output.note(`about ${clock(1000 * secondsOf(settings))} min; let nothing else run meanwhile; Ctrl-C keeps what was measured`);

      const recorder = await Recorder.start(source, { now, sleep });
      const trouble = new AbortController();
      const host: Host = {
        now,
        sleep,
        breathe: () => setImmediate(),
        async edge() {
          await recorder.edge();
          if (recorder.trouble !== undefined) trouble.abort(new Error(recorder.trouble));
        },
        signal: anyOf(interrupted, trouble.signal),
        onProgress: ({ what, done, total, secondsLeft }) =>
          output.progress(`${what}  ${done} of ${total} windows, ${clock(1000 * secondsLeft)} left`),
      };
      const course = await runCourse(contenders, settings, host).finally(() => recorder.stop());
      const samples = await recorder.stop();
      const marks = makeMarks({ tool: TOOL, device, settings, course });
      await writeResult(makeRecord(marks, source.info, samples), options.out, output);
      if (interrupted.aborted) process.exitCode = 130;
    });
