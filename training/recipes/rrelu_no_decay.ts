/**
 * Rotated ReLU from scratch without weight decay on the slopes: what is left of the method when nothing but the loss moves them.
 *
 * Measured: not yet.
 */
import { rrelu, training } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const rreluNoDecay: StagedRecipe = {
  ...rrelu,
  name: "rrelu-no-decay",
  title: "rotated ReLU from scratch, no weight decay on the slopes",
  stages: [{ ...training, slopes: { weightDecay: 0 } }],
};
