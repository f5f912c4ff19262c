/** The choice of the threshold, on validation images alone. */
import type { Backend } from "../../src/backends/backend.ts";
import { InputError } from "../../src/errors.ts";
import type { Model } from "../../src/model/model.ts";
import { batches, type Dataset, type Split } from "../../training/data/index.ts";
import { evaluate } from "../../training/evaluate.ts";
import { cut, type Scores, type Selection, select } from "../../training/prune/index.ts";
import { MINIMUM_CHANNELS, TARGET_SAVED } from "./budget.ts";
import type { ThresholdPoint } from "./record.ts";

/** Shares of multiply-adds that the curve asks the cut to keep. */
const KEEP = Array.from({ length: 19 }, (_, i) => 1 - 0.05 * i);

export interface Choice {
  readonly points: readonly ThresholdPoint[];
  readonly selection: Selection;
  readonly threshold: number;
}

/**
 * The curve of accuracy against threshold, each point really cut; and of the thresholds that save at least TARGET_SAVED the one with the best
 * accuracy before fine-tuning, the smaller cut where two are equal.
 */
export async function chooseThreshold(
  model: Model,
  scores: Scores,
  dataset: Dataset,
  validation: Split,
  backend: Backend,
  signal: AbortSignal,
): Promise<Choice> {
  const found = new Map<number, { point: ThresholdPoint; selection: Selection }>();
  for (const keepMacs of KEEP) {
    // layers keep a few channels, so the smallest targets may be out of reach
    const target = tryTarget(model, scores, keepMacs);
    if (!target) continue;
    const threshold = Math.max(0, target.threshold);
    if (found.has(threshold)) continue;
    const selection = select(model.graph, model.tensors, scores, { threshold, minimum: MINIMUM_CHANNELS });
    const { report, ...small } = cut(model.graph, model.tensors, selection.survivors);
    const { accuracy } = await evaluate(small, batches(validation, dataset, { size: 100 }), backend, { signal });
    found.set(threshold, { selection, point: { threshold, accuracy, savedMacs: report.saved.macs, alive: selection.channels.alive } });
  }
  const all = [...found.values()].sort((a, b) => a.point.threshold - b.point.threshold);
  const enough = all.filter(({ point }) => point.savedMacs >= TARGET_SAVED);
  const candidates = enough.length > 0 ? enough : all.slice(-1);
  const best = candidates.reduce((a, b) => (b.point.accuracy > a.point.accuracy ? b : a));
  return { points: all.map(({ point }) => point), selection: best.selection, threshold: best.point.threshold };
}

function tryTarget(model: Model, scores: Scores, keepMacs: number): Selection | undefined {
  try {
    return select(model.graph, model.tensors, scores, { keepMacs, minimum: MINIMUM_CHANNELS });
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
