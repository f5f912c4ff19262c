/** How the command line trains where the user does not say: one place for train, prune and the tour. */
import type { ParameterGroup } from "../training/groups.ts";
import { slopeGroup } from "../training/groups.ts";
import { type Optimizer, sgd } from "../training/optimizers.ts";
import { oneCycle, type Schedule } from "../training/schedules.ts";

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
