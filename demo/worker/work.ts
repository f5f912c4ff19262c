/** The state of the work as it is kept between visits. */
import type { CutCurve, Layer, LearningPoint, Phase, Results } from "../shared/messages.ts";
import { defaults, readSettings, type Settings } from "../shared/settings.ts";
import type { Storage } from "./storage.ts";

export interface Work {
  readonly phase: Phase;
  readonly settings: Settings;
  readonly learning: readonly LearningPoint[];
  readonly layers: readonly Layer[];
  readonly curve?: CutCurve;
  /** Of the cut that is being tuned, or was. */
  readonly threshold?: number;
  readonly results?: Results;
  /** Milliseconds of computing so far. */
  readonly active: number;
}

export const noWork: Work = { phase: "ready", settings: defaults, learning: [], layers: [], active: 0 };

/** Points of the learning curves that are kept; of more, every other one goes. */
const MOST_POINTS = 600;

export function withPoint(points: readonly LearningPoint[], point: LearningPoint): LearningPoint[] {
  const all = [...points, point];
  return all.length <= MOST_POINTS ? all : all.filter(({ validation }, i) => validation || i % 2 === 0);
}

/** What was left in the storage, in a phase from which one can go on: what was under way is paused. */
export async function restore(storage: Storage): Promise<Work> {
  const stored = await storage.read<Work>("work");
  if (!stored) return noWork;
  const work: Work = { ...noWork, ...stored, settings: readSettings({ ...stored.settings }) };
  const has = async (key: "training" | "trained" | "tuning" | "packed"): Promise<boolean> => (await storage.read(key)) !== undefined;
  const fallback: Work = { ...noWork, settings: work.settings };
  switch (work.phase) {
    case "done":
      return (await has("packed")) && work.results ? work : fallback;
    case "tuning":
    case "tuning-paused":
    case "testing":
      if ((await has("tuning")) && (await has("trained"))) return { ...work, phase: "tuning-paused" };
      return (await has("trained")) && work.curve ? { ...work, phase: "trained" } : fallback;
    case "weighing":
    case "trained":
      if (await has("trained")) return { ...work, phase: work.curve && work.phase === "trained" ? "trained" : "weighing" };
      return fallback;
    case "training":
    case "paused":
      return (await has("training")) ? { ...work, phase: "paused" } : fallback;
    default:
      return fallback;
  }
}
