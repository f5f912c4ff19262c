/** Options that several energy commands share. */
import { Option } from "commander";
import { integer, number } from "../options.ts";

export const sysfsOption = (): Option => new Option("--sysfs <folder>", "a folder in place of /sys");

export const modeOption = (): Option =>
  new Option("--mode <name>", "work: one inference after the other; rate: so many a second").choices(["work", "rate"]).default("work");

export const rateOption = (): Option => new Option("--rate <count>", "inferences per second in rate mode").default(10).argParser(number(0));
export const pairsOption = (): Option => new Option("--pairs <count>", "pairs of windows, A and B").default(20).argParser(integer(2));
export const nullPairsOption = (): Option =>
  new Option("--null-pairs <count>", "pairs of A and A again; 0 leaves them out").default(10).argParser(integer(0));
export const windowOption = (): Option => new Option("--window <seconds>", "length of a window").default(60).argParser(number(0));
export const settleOption = (): Option =>
  new Option("--settle <seconds>", "load before each window that is not counted").default(2).argParser(number(0));
export const idleOption = (): Option =>
  new Option("--idle <seconds>", "how long idle power is measured, before and after").default(120).argParser(number(0));
export const warmupOption = (): Option =>
  new Option("--warmup <seconds>", "longest warm-up of each network").default(120).argParser(number(0));

export interface ScheduleOptions {
  readonly mode: "work" | "rate";
  readonly rate: number;
  readonly pairs: number;
  readonly nullPairs: number;
  readonly window: number;
  readonly settle: number;
  readonly idle: number;
  readonly warmup: number;
  readonly seed: number;
}

/** As the protocol takes them. */
export function scheduleSettings(options: ScheduleOptions, control: boolean, sync = false) {
  const { mode, rate, pairs, nullPairs, window, settle, idle, warmup, seed } = options;
  const seconds = { windowSeconds: window, settleSeconds: settle, idleSeconds: idle, warmupSeconds: warmup };
  return { mode, ...(mode === "rate" && { rate }), pairs, nullPairs, controlPairs: control ? pairs : 0, ...seconds, sync, seed };
}
