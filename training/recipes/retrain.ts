/**
 * From weights that were trained with ReLU: every slope starts at 1, so that the network computes the same, and everything learns.
 *
 * Measured: not yet.
 */
import { rrelu, training } from "./rrelu.ts";
import type { StagedRecipe } from "./staged.ts";

export const retrain: StagedRecipe = {
  ...rrelu,
  name: "retrain",
  title: "from a network trained with ReLU, slopes starting at 1",
  start: "given",
  stages: [{ kind: "rotate" }, { ...training, name: "retraining" }],
};
