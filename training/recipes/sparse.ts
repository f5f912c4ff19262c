/**
 * All of it in one command: rotated ReLU with L1 on the slopes, then the largest network within half of the multiply-adds, then fine-tuning.
 *
 * Measured: as rrelu-l1, its first stage, and in results/fashion-lenet as rrelu-l1-50.
 */
import { chain } from "./compose.ts";
import { finetune } from "./finetune.ts";
import { rreluL1 } from "./rrelu_l1.ts";
import type { CutStage } from "./staged.ts";

/** Every layer keeps two channels, so that none dies whole. */
export const half: CutStage = { kind: "cut", criterion: "slope", goal: { keepMacs: 0.5 }, minimum: 2 };

export const sparse = chain("sparse", "rotated ReLU with L1, cut to half of the multiply-adds, fine-tuned", rreluL1, half, finetune);
