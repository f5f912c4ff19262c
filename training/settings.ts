/** How commands and the web app train where the user does not say: one place for all of them. */
import type { ParameterGroup } from "./groups.ts";
import { slopeGroup } from "./groups.ts";
import { type Optimizer, sgd } from "./optimizers.ts";
import type { Recipe } from "./recipe.ts";
import { oneCycle, type Schedule } from "./schedules.ts";

/** The few settings that people turn. */
export interface TrainingSettings {
  /** Peak rate of SGD with Nesterov momentum 0.9. */
  readonly rate: number;
  /** Of weights and biases; slopes have none, so that only L1 decides which vanish. */
  readonly weightDecay: number;
  /** Proximal L1 on the slopes, which reaches exact zeros; 0: none. */
  readonly l1: number;
  /** The slopes' rate relative to the others'. */
  readonly slopeRate: number;
}

/** What `swivel train`, the tour and the demo train with unless told otherwise. */
export const defaultSettings: TrainingSettings = { rate: 0.05, weightDecay: 5e-4, l1: 0, slopeRate: 1 };

/** The trainer options that these settings stand for. */
export function trainerSettings(settings: TrainingSettings): { optimizer: Optimizer; schedule: Schedule; groups: ParameterGroup[] } {
  const { rate, weightDecay, l1, slopeRate } = settings;
  return {
    optimizer: sgd({ rate, momentum: 0.9, nesterov: true, weightDecay }),
    schedule: oneCycle(),
    groups: [slopeGroup({ weightDecay: 0, rateScale: slopeRate, ...(l1 > 0 && { l1: { strength: l1, mode: "proximal" } }) })],
  };
}

/** The settings that a recipe was made with; those of slopes are missing for a network that has none. */
export function settingsOf({ optimizer, groups }: Recipe): Partial<TrainingSettings> {
  const slopes = groups.find(({ name }) => name === "slopes");
  return {
    rate: optimizer.rate,
    weightDecay: optimizer.weightDecay,
    ...(slopes && { l1: slopes.l1?.strength ?? 0, slopeRate: slopes.rateScale ?? 1 }),
  };
}
