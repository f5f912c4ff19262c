/** A measurement on a page: runs the schedule and gives the marks. */

import { readModel } from "../../src/model/model.ts";
import { makeMarks } from "../make.ts";
import { contenderOf, type Feed, type NetworkFile, randomFeed } from "../protocol/network.ts";
import { type Progress, runCourse } from "../protocol/run.ts";
import { readSettings } from "../protocol/settings.ts";
import { anyOf } from "../protocol/signals.ts";
import type { ArmName, Marks, Settings } from "../record.ts";
import { BatteryLog, describeDevice, hiddenSignal, keepAwake, makeBreathe } from "./surroundings.ts";

export interface PageRun {
  /** A and B, and C where there is a control. */
  readonly models: Readonly<Partial<Record<ArmName, NetworkFile>>> & { readonly A: NetworkFile; readonly B: NetworkFile };
  /** Random numbers unless given. */
  readonly feed?: Feed;
  readonly settings: Partial<Settings>;
  readonly backend: "auto" | "wasm" | "webgpu";
  /** What writes the marks, with its version. */
  readonly tool: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly onNote: (note: string) => void;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Throws what loading and running throw, and AbortedError where it ends before the first window. */
export async function measureOnPage({ models, feed, settings: given, backend, tool, signal, onProgress, onNote }: PageRun): Promise<Marks> {
  const settings = readSettings({ sync: true, ...given, controlPairs: models.C ? (given.pairs ?? 20) : 0 });
  const order: ArmName[] = ["A", ...(settings.nullPairs > 0 ? (["N"] as const) : []), "B", ...(models.C ? (["C"] as const) : [])];
  const fed = feed ?? randomFeed(readModel(models.A.bytes));
  const isolated = globalThis.crossOriginIsolated === true;
  const where = { backend, threads: isolated ? ("auto" as const) : 1, worker: isolated, signal };
  const contenders = order.map((arm) => contenderOf(arm, models[arm === "N" ? "A" : arm] as NetworkFile, fed, where));
  const awake = await keepAwake();
  const hidden = hiddenSignal();
  const battery = new BatteryLog();
  const notes: string[] = awake.trouble === undefined ? [] : [awake.trouble];
  hidden.addEventListener("abort", () => onNote("the page was hidden, which ends the run: keep it in front"));
  for (const note of notes) onNote(note);
  try {
    await battery.start(now);
    const course = await runCourse(contenders, settings, {
      now,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms))),
      breathe: makeBreathe(),
      signal: anyOf(signal, hidden),
      onProgress,
    });
    battery.stop();
    if (hidden.aborted) notes.push("the page was hidden before the end");
    const device = await describeDevice(notes);
    return makeMarks({ tool, device, settings, course }, battery.levels.length > 0 ? battery.levels : undefined);
  } finally {
    battery.stop();
    await awake.release();
  }
}
